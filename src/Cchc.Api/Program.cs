using Cchc.Api.Auditing;
using Cchc.Api.Changes;
using Cchc.Api.Commands;
using Cchc.Api.Completion;
using Cchc.Api.Data;
using Cchc.Api.Discovery;
using Cchc.Api.Http;
using Cchc.Api.Importing;
using Cchc.Api.Keys;
using Cchc.Api.Obstacles;
using Cchc.Api.Operations;
using Cchc.Api.Pictures;
using Cchc.Api.Plans;
using Cchc.Api.Reports;
using Cchc.Api.Units;
using Cchc.Api.Webhooks;

if (CommandLine.Handles(args))
{
    return await CommandLine.RunAsync(args);
}

var builder = WebApplication.CreateBuilder(args);
if (Settings.FaultsOf(builder.Configuration) is { Count: > 0 } faults)
{
    return await CommandLine.RefuseAsync(faults);
}

if (Array.TrueForAll(["urls", "http_ports", "https_ports"], name => string.IsNullOrEmpty(builder.Configuration[name])))
{
    builder.WebHost.UseUrls("http://127.0.0.1:5080");
}

builder.AddOperations();
builder.AddTelemetry();
builder.AddProtection();
builder.Services.AddCors();
builder.Services.AddCodings().AddSingleton<PublicCache>().AddSharedAnswers(builder.Configuration);
builder.Services.AddDatabase().AddContract();
builder.Services.AddSingleton<Catalogues>().AddSingleton<TaskStates>().AddSingleton<Snapshots>().AddSingleton<ReportWriter>()
    .AddSingleton<PlanWriter>().AddSingleton<ObstacleWriter>().AddSingleton<ObstacleTallies>().AddSingleton<RefusalAudit>();
builder.Services.AddSingleton<ChangeFeed>().AddHostedService(provider => provider.GetRequiredService<ChangeFeed>());
builder.Services.AddSingleton<WebhookSender>().AddSingleton<WebhookWorker>().AddHostedService(provider => provider.GetRequiredService<WebhookWorker>());
builder.Services.AddImports();
builder.Services.AddAccess();

var app = builder.Build();
var preparation = app.Services.GetRequiredService<Preparation>();
preparation.Begin();
app.UseKnownProxies();
app.UseSecurityHeaders();
if (!app.Environment.IsDevelopment())
{
    app.UseHsts();
}

app.UseCrossOrigin();
app.Use(Health.AnswerLiveAsync);

// With the first request: until then the database, which it hangs on, is made by the preparation.
var cache = new Lazy<PublicCache>(app.Services.GetRequiredService<PublicCache>);
var limits = app.Services.GetRequiredService<RateLimits>();
app.Use(RangeRequests.IgnoreOthersAsync);
app.Use(Heads.AnswerAsync);
app.Use(Problems.HandleAsync);
app.UseImports();
app.Use(preparation.HoldAsync);
app.Use(limits.CountAddressAsync);
app.Use((context, next) => cache.Value.AnswerAsync(context, next));
app.Use(Heads.AllowAsync);
app.Use(Tracing.FollowAsync);
app.UseRouting();
app.Use(RefusalAudit.NoteOriginAsync);
app.UseRequestTimeouts();
app.Use(limits.GuardAsync);
app.UseAuthentication();
app.Use(limits.CountCallerAsync);
app.Use(Access.CheckAsync);
app.UseDocs();
var v1 = app.NewVersionedApi().MapGroup("/v{version:apiVersion}").HasApiVersion(1, 0);
v1.MapPlans();
v1.MapTasks();
v1.MapCalendar();
v1.MapDrafts();
v1.MapAmendments();
v1.MapIndicators();
v1.MapCatalog();
v1.MapUnits();
v1.MapReports();
v1.MapReportApprovals();
v1.MapImports();
v1.MapCompletion();
v1.MapCompletionRows();
v1.MapCompletionSeries();
v1.MapPictures();
v1.MapCompliance();
v1.MapResults();
v1.MapObstacles();
v1.MapChanges();
v1.MapWebhooks();
v1.MapAudit();
v1.MapKeys();
app.MapHealth();
app.MapMetrics();
app.MapSecurityText();
app.MapApiCatalog();
app.MapContract();
return await app.ServeAsync();
