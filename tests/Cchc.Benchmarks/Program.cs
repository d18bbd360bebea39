using Cchc.Benchmarks;

await (args switch
{
    ["import"] => ImportBenchmark.RunAsync(),
    ["events"] => EventBenchmark.RunAsync(),
    ["national"] => NationalBenchmark.RunAsync(),
    ["directus"] => DirectusBenchmark.RunAsync(seconds: 5),
    _ => ReadBenchmark.RunAsync(),
});
