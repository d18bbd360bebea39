namespace Cchc.Benchmarks;

/// <summary>What is told of measurements.</summary>
internal static class Outcome
{
    public static void Say(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

    public static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
}
