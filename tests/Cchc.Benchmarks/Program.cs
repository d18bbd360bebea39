using Cchc.Benchmarks;

await (args is ["import"] ? ImportBenchmark.RunAsync() : ReadBenchmark.RunAsync());
