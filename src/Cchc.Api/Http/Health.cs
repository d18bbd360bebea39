using Cchc.Api.Plans;

namespace Cchc.Api.Http;

internal static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => Results.Text("live")).ExcludeFromDescription();
        app.MapGet("/health/ready", ReadyAsync).ExcludeFromDescription();
    }

    // Ready means that the first real request would be answered: the database is there, migrated and seeded.
    private static async Task<IResult> ReadyAsync(Catalogues catalogues, CancellationToken cancellation)
    {
        var catalogue = await catalogues.CurrentAsync(cancellation);
        return catalogue.Plans.Count > 0 ? Results.Text("ready") : throw new ProblemException("service.unavailable");
    }
}
