using Cchc.Benchmarks;

await (args switch
{
    ["import"] => ImportBenchmark.RunAsync(),
    ["events"] => EventBenchmark.RunAsync(),
    ["national"] => NationalBenchmark.RunAsync(),
    _ => ReadBenchmark.RunAsync(),
});
