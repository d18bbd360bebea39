using System.Text.RegularExpressions;
using System.Xml.Linq;
using Cchc.Api.Operations;
using Cchc.Api.Tests.Contract;
using Microsoft.Extensions.Configuration;
using YamlDotNet.RepresentationModel;

namespace Cchc.Api.Tests.Operations;

/// <summary>The files in src/Cchc.Api/deploy name what there is, and agree with each other.</summary>
public sealed partial class DeployTests
{
    private static readonly string Root = ContractTests.Root();
    private static readonly string Folder = Path.Combine(Root, "src", "Cchc.Api", "deploy");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file)), "README.md", ".github/workflows/ci.yml"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_setting_that_is_named_is_one(string file)
    {
        foreach (Match found in Setting().Matches(File.ReadAllText(Path.Combine(Root, file))))
        {
            var name = found.Value.Replace("__", ":", StringComparison.Ordinal);
            Assert.True(Settings.Knows(name), $"{file} names {found.Value}");
            Assert.Contains(name.Split(':')[0], new[] { "Database", "Transfer", "Seed", "RateLimits", "Limits", "Imports", "Shutdown", "Metrics", "Cors", "Webhooks", "Discovery", "Proxies", "Redis", "Security", "Authentication", "Logging", "Kestrel" });
        }
    }

    [Fact]
    public void The_settings_in_the_files_would_start_the_program()
    {
        var service = Lines("cchc-api.env").Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        Assert.Empty(Faults(service.Where(each => each.Key != "Database__ConnectionString")));
        var container = Map(Container("cchc-api"), "env").ToDictionary(each => Text(each, "name"), each => Find(each, "value")?.ToString() ?? "Server=tcp:sql01;Database=cchc");
        Assert.Empty(Faults(container));
        Assert.True(30 + Number(service["Shutdown__DrainSeconds"]) < Number(Value("cchc-api.service", "TimeoutStopSec")));
        Assert.True(Number(container["Shutdown__DrainSeconds"]) + Number(container["Shutdown__TimeoutSeconds"])
            < Number(Text(Find(Pod("Deployment"), "spec")!, "terminationGracePeriodSeconds")));
    }

    [Fact]
    public void Every_pod_runs_locked_and_the_server_is_probed()
    {
        foreach (var pod in new[] { Pod("Job"), Pod("Deployment") })
        {
            var spec = Find(pod, "spec")!;
            Assert.Equal("true", Text(Find(spec, "securityContext")!, "runAsNonRoot"));
            Assert.Equal("RuntimeDefault", Text(Find(Find(spec, "securityContext")!, "seccompProfile")!, "type"));
            Assert.Equal("false", Text(spec, "automountServiceAccountToken"));
            foreach (var container in Map(spec, "containers").Concat(Find(spec, "initContainers") is null ? [] : Map(spec, "initContainers")))
            {
                var context = Find(container, "securityContext")!;
                Assert.Equal(("true", "false"), (Text(context, "readOnlyRootFilesystem"), Text(context, "allowPrivilegeEscalation")));
                Assert.Equal("ALL", Map(Find(context, "capabilities")!, "drop").Single().ToString());
                Assert.NotNull(Find(Find(container, "resources")!, "limits"));
                Assert.Contains(Map(container, "volumeMounts"), mount => Text(mount, "mountPath") == "/tmp");
            }
        }

        foreach (var (probe, path) in new[] { ("startupProbe", "/health/startup"), ("readinessProbe", "/health/ready"), ("livenessProbe", "/health/live") })
        {
            Assert.Equal(path, Text(Find(Find(Container("cchc-api"), probe)!, "httpGet")!, "path"));
        }

        Assert.Equal("2", Text(Find(Of("PodDisruptionBudget"), "spec")!, "minAvailable"));
        foreach (var kind in new[] { "Service", "PodDisruptionBudget" })
        {
            Assert.Contains("cchc-api", Find(Find(Of(kind), "spec")!, "selector")!.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Images_carry_the_version_of_the_program_and_run_as_no_root()
    {
        var version = XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        var images = new[] { "compose.yaml", "kubernetes/cchc-api.yaml" }.SelectMany(file => Image().Matches(File.ReadAllText(Path.Combine(Folder, file)))).ToList();
        Assert.Equal(4, images.Count);
        Assert.All(images, image => Assert.Equal(version, image.Groups[1].Value));
        var project = XDocument.Load(Path.Combine(Root, "src", "Cchc.Api", "Cchc.Api.csproj"));
        Assert.Equal(Text(Find(Find(Pod("Deployment"), "spec")!, "securityContext")!, "runAsUser"), project.Descendants("ContainerUser").Single().Value);
        Assert.DoesNotContain(":latest", project.Descendants("ContainerBaseImage").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Compose_starts_in_order()
    {
        var services = (YamlMappingNode)Find(Documents("compose.yaml").Single(), "services")!;
        var names = services.Children.Keys.Select(name => name.ToString()).ToHashSet();
        Assert.Equal(["api", "database", "migrate", "redis", "roles", "seed", "sql", "web"], names.Order());
        foreach (var service in services.Children.Values)
        {
            if (Find(service, "depends_on") is { } needs)
            {
                Assert.All(needs is YamlMappingNode map ? map.Children.Keys : ((YamlSequenceNode)needs).Children, name => Assert.Contains(name.ToString(), names));
            }
        }
    }

    private static IReadOnlyList<string> Faults(IEnumerable<KeyValuePair<string, string>> settings) => Settings.FaultsOf(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(
            each => KeyValuePair.Create(each.Key.Replace("__", ":", StringComparison.Ordinal), (string?)each.Value))).Build());

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Folder, file));

    private static string Value(string file, string name) => Lines(file).Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static YamlNode Of(string kind) => Documents("kubernetes/cchc-api.yaml").Single(document => Text(document, "kind") == kind);

    private static YamlNode Pod(string kind) => Find(Find(Of(kind), "spec")!, "template")!;

    private static YamlNode Container(string deployment)
    {
        Assert.Equal(deployment, Text(Find(Of("Deployment"), "metadata")!, "name"));
        return Map(Find(Pod("Deployment"), "spec")!, "containers").Single();
    }

    private static IEnumerable<YamlNode> Documents(string file)
    {
        var stream = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Folder, file));
        stream.Load(reader);
        return stream.Documents.Select(document => document.RootNode);
    }

    private static YamlNode? Find(YamlNode node, string name) =>
        ((YamlMappingNode)node).Children.TryGetValue(new YamlScalarNode(name), out var found) ? found : null;

    private static string Text(YamlNode node, string name) => Assert.IsType<YamlScalarNode>(Find(node, name)).Value!;

    private static IEnumerable<YamlNode> Map(YamlNode node, string name) => Assert.IsType<YamlSequenceNode>(Find(node, name)).Children;

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+(__[A-Za-z0-9.{}]+)+\b")]
    private static partial Regex Setting();

    [GeneratedRegex(@"image: \S*cchc-api:(\S+)")]
    private static partial Regex Image();
}
