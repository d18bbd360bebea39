using Cchc.Benchmarks;

await (args switch
{
    ["import"] => ImportBenchmark.RunAsync(),
    ["events"] => EventBenchmark.RunAsync(),
    _ => ReadBenchmark.RunAsync(),
});
