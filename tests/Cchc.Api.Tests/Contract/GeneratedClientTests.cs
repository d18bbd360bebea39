using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using NSwag.CodeGeneration.OperationNameGenerators;

namespace Cchc.Api.Tests.Contract;

/// <summary>Clients generated from the committed contract compile with what tests/clients/csharp does with them, and it works.</summary>
public sealed class GeneratedClientTests
{
    private static readonly string[] Expected =
    [
        "report Draft Submitted Approved, due 2022-06-20",
        "completion 2022-H1 1.85, target 33.33 NoData",
        "line 120 of 200, 60.00 AtLeast 50.00, met True",
        "a minute before 0",
        "refused 422 request.invalid /values/0/numerator",
        "communes 141 in 3 pages",
        "import Completed, created 1",
        "template unit",
    ];

    private static readonly string Contract = Path.Combine(ContractTests.Root(), "openapi", "v1.json");

    [Fact]
    public async Task NSwag_makes_a_client_that_works()
    {
        var settings = new CSharpClientGeneratorSettings
        {
            ClassName = "CchcClient",
            OperationNameGenerator = new SingleClientFromOperationIdOperationNameGenerator(),
            ParameterDateTimeFormat = "o",
            CSharpGeneratorSettings =
            {
                Namespace = "Cchc.Client",
                GenerateNullableReferenceTypes = true,
            },
        };
        var document = await OpenApiDocument.FromFileAsync(Contract);
        Assert.Equal(Expected, await CallAsync("NSwagCaller.cs", [new CSharpClientGenerator(document, settings).GenerateFile()]));
    }

    [Fact]
    public async Task Kiota_makes_a_client_that_works()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-kiota-").FullName;
        var kiota = typeof(GeneratedClientTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == "Kiota").Value!;
        var start = new ProcessStartInfo("dotnet",
        [
            kiota, "generate", "--language", "CSharp", "--openapi", Contract, "--class-name", "CchcClient", "--namespace-name", "Cchc.Client",
            "--exclude-backward-compatible", "--output", folder,
        ])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["KIOTA_OFFLINE_ENABLED"] = "true" },
        };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await output + await errors);

        var sources = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();
        Directory.Delete(folder, recursive: true);
        Assert.Equal(Expected, await CallAsync("KiotaCaller.cs", sources));
    }

    private static async Task<IReadOnlyList<string>> CallAsync(string caller, IReadOnlyList<string> generated)
    {
        var source = await File.ReadAllTextAsync(Path.Combine(ContractTests.Root(), "tests", "clients", "csharp", caller));
        // What is generated says itself what may be null; the caller says it by this.
        var trees = generated.Append("#nullable enable\n" + source)
            .Select(text => CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.CSharp14, preprocessorSymbols: ["NETCOREAPP3_1_OR_GREATER"])));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => !Path.GetFileName(file).StartsWith("Cchc.", StringComparison.Ordinal)).Select(file => MetadataReference.CreateFromFile(file));
        var compilation = CSharpCompilation.Create(
            Path.GetFileNameWithoutExtension(caller), trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        var emitted = compilation.Emit(image);
        Assert.True(emitted.Success, string.Join('\n', emitted.Diagnostics.Where(each => each.Severity == DiagnosticSeverity.Error).Take(20)));

        image.Position = 0;
        var context = new AssemblyLoadContext(caller, isCollectible: true);
        var call = context.LoadFromStream(image).GetType("Cchc.Client.Caller", throwOnError: true)!.GetMethod("CallAsync")!
            .CreateDelegate<Func<HttpClient, HttpClient, Task<IReadOnlyList<string>>>>();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);

        // Every deadline of the half year has passed: what is missing is no longer pending.
        api.Time.Set(new DateTimeOffset(2022, 6, 21, 9, 0, 0, TimeSpan.FromHours(7)));
        return await call(api.Anonymous, administrator);
    }
}
