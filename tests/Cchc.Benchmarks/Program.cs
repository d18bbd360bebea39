using Cchc.Benchmarks;

await (args switch
{
    ["import"] => ImportBenchmark.RunAsync(),
    ["events"] => EventBenchmark.RunAsync(),
    ["chaos", .. var minutes] => ChaosTrial.RunAsync(minutes is [var given] ? double.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : 10),
    ["start"] => StartBenchmark.RunAsync(),
    ["national"] => NationalBenchmark.RunAsync(),
    ["directus"] => DirectusBenchmark.RunAsync(seconds: 5),
    _ => ReadBenchmark.RunAsync(),
});
