using Cchc.Api.Completion;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;

namespace Cchc.Api.Pictures;

/// <summary>The figures as pictures that a page embeds: the same roundings as in every other answer, kept and tagged as they are.</summary>
internal static class PictureEndpoints
{
    private const int Wide = 640;
    private const int Badge = 360;

    private static readonly string[] One = ["period", "lens", "basis", "asOf", .. PictureRequest.Names];

    private static readonly Parameter[] Common =
    [
        Parameters.Word<Lens>("lens", "Which revisions count; provisional needs a key, and is not for html"),
        Parameters.Word<Basis>("basis", "Year to date, or the period's window alone"), Parameters.AsOf,
    ];

    private static readonly Parameter Period = new("period", Parameters.DefaultPeriod, "2022-H1");

    public static void MapPictures(this IEndpointRouteBuilder api)
    {
        var pictures = api.MapGroup("/plans/{plan}/pictures");
        pictures.MapGet("/groups", DrawGroups).DescribePicture(
            "drawGroups", "A picture of completion by group of targets", [Period, .. Common, .. PictureRequest.Parameters(Wide)]);
        pictures.MapGet("/districts", DrawDistricts).DescribePicture(
            "drawDistricts", "A picture of completion by district, with all below it", [Period, .. Common, .. PictureRequest.Parameters(Wide)]);
        pictures.MapGet("/series", DrawSeries).DescribePicture(
            "drawSeries", "A picture of completion from period to period",
            [.. SeriesRequest.Parameters, .. Common, .. PictureRequest.Parameters(Wide)]);
        pictures.MapGet("/targets/{target}", DrawTarget).DescribePicture(
            "drawTarget", "A badge of one target: completion, status, and its lines", [Period, .. Common, .. PictureRequest.Parameters(Badge)]);
    }

    private static async Task DrawGroups(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, IConfiguration configuration, TimeProvider time)
    {
        var (asked, picture) = await AskAsync(context, plan, catalogues, snapshots, time, Wide);
        var snapshot = asked.Snapshots[0];
        await SendAsync(context, configuration, picture, asked.Tag, HeadOf(asked, picture), $"{Of(asked.Plan)}/completion/rows?groupBy=group", head =>
            Bars.OfGroups(head, picture.Width, snapshot.OfPlan(asked.Basis), CompletionRows.Of(snapshot, asked.Basis, RowGrouping.Group)));
    }

    private static async Task DrawDistricts(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, IConfiguration configuration, TimeProvider time)
    {
        var (asked, picture) = await AskAsync(context, plan, catalogues, snapshots, time, Wide);
        await SendAsync(context, configuration, picture, asked.Tag, HeadOf(asked, picture), $"{Of(asked.Plan)}/completion/rows?groupBy=district", head =>
            Bars.OfDistricts(head, picture.Width, CompletionRows.Of(asked.Snapshots[0], asked.Basis, RowGrouping.District)));
    }

    private static async Task DrawTarget(
        HttpContext context, string plan, string target, Catalogues catalogues, Snapshots snapshots, IConfiguration configuration, TimeProvider time)
    {
        var (asked, picture) = await AskAsync(context, plan, catalogues, snapshots, time, Badge);
        var snapshot = asked.Snapshots[0];
        var found = snapshot.Facts.Plan.FindTarget(target) ?? throw new ProblemException("target.unknown", target);
        var table = $"{Of(asked.Plan)}/completion/rows?groupBy=target&target={Uri.EscapeDataString(found.Code)}";
        await SendAsync(context, configuration, picture, asked.Tag, HeadOf(asked, picture), table, head =>
            TargetPicture.Of(
                head, picture.Width, snapshot.OfPlan(asked.Basis).Targets.First(each => each.Target.Id == found.Id),
                snapshot.Facts.HasFigures(asked.Basis)));
    }

    private static async Task DrawSeries(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, IConfiguration configuration, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, [.. SeriesRequest.Names, .. PictureRequest.Names]);
        var asked = await SeriesRequest.ReadAsync(context, query, catalogue, found, snapshots, time);
        var picture = Read(context, query, asked.Lens, Wide);
        var (phrases, version) = (picture.Phrases, asked.Snapshots[0].Version);
        var head = new PictureHead(
            phrases, phrases.PlanOf(found), null, asked.Lens, asked.Basis, asked.HasSample, version.Version, version.ChangedAt);
        await SendAsync(context, configuration, picture, asked.Tag, head, $"{Of(found)}/completion/series", drawn =>
            SeriesPicture.Of(drawn, picture.Width, Subject(phrases, asked), [.. asked.Points().Select(point => Step(phrases, catalogue, asked, point))]));
    }

    private static string? Subject(Phrases phrases, SeriesRequest asked)
    {
        var unit = asked.Unit?.On(asked.Snapshots[^1].Facts.Period.DataTo);
        var parts = new[]
        {
            asked.Target is { } target ? $"{target.Code} {phrases.Say(target.TitleVi, target.TitleEn)}" : null,
            asked.Unit is null ? null : unit is null ? asked.Unit.Code : phrases.Say(unit.NameVi, unit.NameEn),
            asked.Level is { } level ? phrases.LevelOf(level) : null,
        }.OfType<string>().ToList();
        return parts.Count == 0 ? null : string.Join(" – ", parts);
    }

    private static SeriesStep Step(Phrases phrases, Catalogue catalogue, SeriesRequest asked, SeriesPoint point)
    {
        var plan = catalogue.PlanOf(point.Plan!);
        var label = phrases.PeriodOf(plan, plan.FindPeriod(point.Period!)!);
        var (received, expected) = (point.Received ?? 0, point.Expected ?? 0);
        return new SeriesStep(label, point, asked.Target is null
            ? phrases.Remarks(point.Completion, point.TargetsMet ?? 0, point.TargetsCounted ?? 0, received, expected)
            : [point.Status is { } status ? phrases.StatusOf(status) : phrases.NoFigure, phrases.Received(received, expected)]);
    }

    private static async Task<(FigureRequest Asked, PictureRequest Picture)> AskAsync(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time, int width)
    {
        var found = (await catalogues.CurrentAsync(context.RequestAborted)).PlanOf(plan);
        var query = new QueryInput(context.Request, One);
        var asked = await FigureRequest.ReadAsync(context, query, found, snapshots, time);
        asked.RequireOne(query);
        return (asked, Read(context, query, asked.Lens, width));
    }

    private static PictureRequest Read(HttpContext context, QueryInput query, Lens lens, int width)
    {
        var picture = PictureRequest.Read(context.Request, query, width);
        if (picture.Form == PictureForm.Html && lens == Lens.Provisional)
        {
            // A page's picture is asked for without a key.
            query.Refuse("parameter.notHere", "lens", "lens", "html");
        }

        query.Done();
        return picture;
    }

    private static PictureHead HeadOf(FigureRequest asked, PictureRequest picture)
    {
        var (snapshot, phrases) = (asked.Snapshots[0], picture.Phrases);
        return new PictureHead(
            phrases, phrases.PlanOf(asked.Plan), phrases.PeriodOf(asked.Plan, snapshot.Facts.Period), asked.Lens, asked.Basis,
            snapshot.Facts.HasSample, snapshot.Version.Version, snapshot.Version.ChangedAt);
    }

    private static string Of(Plan plan) => $"/v1/plans/{plan.Code}";

    private static async Task SendAsync(
        HttpContext context, IConfiguration configuration, PictureRequest picture, string version, PictureHead head, string table,
        Func<PictureHead, Drawing> draw)
    {
        var isHtml = picture.Form == PictureForm.Html;
        context.Response.Headers.Vary = isHtml ? "Accept, Host" : "Accept";
        if (picture.Form == PictureForm.Png)
        {
            // It is packed already.
            context.Request.Headers.AcceptEncoding = default;
        }

        var control = head.Lens == Lens.Provisional ? Answers.Private : isHtml ? Answers.Revalidated : Answers.Public;
        if (Answers.IsKnown(context, $"{version}.{Words.Of(picture.Form)}", control))
        {
            return;
        }

        await (control == Answers.Public ? PublicCache.OnceAsync(context, SendDrawnAsync) : SendDrawnAsync());

        async Task SendDrawnAsync()
        {
            var drawing = draw(head);
            var (body, type) = picture.Form switch
            {
                PictureForm.Png => (await PngWriter.WriteAsync(
                    drawing, picture.Theme == Theme.Dark, picture.Accent, picture.Scale, context.RequestAborted), "image/png"),
                PictureForm.Html => (Snippet.Write(PublicAddress.Of(context, configuration), context.Request, drawing, head, table), "text/html; charset=utf-8"),
                _ => (SvgWriter.Write(drawing, picture.Theme, picture.Accent), "image/svg+xml; charset=utf-8"),
            };
            await Answers.SendAsync(context, body, type);
        }
    }
}
