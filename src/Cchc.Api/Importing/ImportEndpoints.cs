using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Cchc.Api.Importing;

internal static class ImportEndpoints
{
    private const string Path = "/report-imports";
    private const string CsvType = "text/csv; charset=utf-8";
    private const string XlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    private static readonly Dictionary<string, ImportFormat> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        ["text/csv"] = ImportFormat.Csv,
        ["application/csv"] = ImportFormat.Csv,
        ["text/tab-separated-values"] = ImportFormat.Csv,
        [XlsxType] = ImportFormat.Xlsx,

        // Workbooks that are not read are refused by their content, which says what to do.
        ["application/vnd.ms-excel.sheet.binary.macroEnabled.12"] = ImportFormat.Xlsx,
        ["application/vnd.oasis.opendocument.spreadsheet"] = ImportFormat.Xlsx,
        ["application/json"] = ImportFormat.Json,
        ["application/x-ndjson"] = ImportFormat.Ndjson,
        ["application/ndjson"] = ImportFormat.Ndjson,
        ["application/jsonl"] = ImportFormat.Ndjson,
    };

    // What browsers and older systems call a file says little; its name says more.
    private static readonly Dictionary<string, ImportFormat> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        [".csv"] = ImportFormat.Csv,
        [".tsv"] = ImportFormat.Csv,
        [".txt"] = ImportFormat.Csv,
        [".xlsx"] = ImportFormat.Xlsx,
        [".xls"] = ImportFormat.Xlsx,
        [".xlsb"] = ImportFormat.Xlsx,
        [".ods"] = ImportFormat.Xlsx,
        [".json"] = ImportFormat.Json,
        [".ndjson"] = ImportFormat.Ndjson,
        [".jsonl"] = ImportFormat.Ndjson,
    };

    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["application/json"] = """[ { "unit": "SNV", "period": "2022-H1", "target": "II.3.a", "numerator": 120, "total": 200 } ]""",
        ["text/csv"] = "unit,period,target,level,numerator,total,excluded,done,position,state,not_applicable,note\nSNV,2022-H1,II.3.a,,120,200,,,,,,\n",
        ["application/x-ndjson"] = "{ \"unit\": \"SNV\", \"period\": \"2022-H1\", \"target\": \"II.3.a\", \"numerator\": 120, \"total\": 200 }\n",
        [XlsxType] = "",
        ["multipart/form-data"] = "",
    };

    public static IServiceCollection AddImports(this IServiceCollection services) =>
        services.AddRequestDecompression().AddSingleton<Importer>().AddHostedService<ImportWorker>();

    /// <summary>Lets uploads, and nothing else, be encoded and large.</summary>
    public static void UseImports(this WebApplication app) => app.UseWhen(
        context => HttpMethods.IsPost(context.Request.Method) && context.Request.Path.Value!.EndsWith(Path, StringComparison.OrdinalIgnoreCase),
        branch => branch.Use((context, next) =>
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            {
                size.MaxRequestBodySize = Spool.Largest + RequestBody.MaxDrainedBytes;
            }

            return next(context);
        }).UseRequestDecompression());

    public static void MapImports(this IEndpointRouteBuilder api)
    {
        api.MapPost("/plans/{plan}" + Path, PostImport).WithName("importReports").WithMetadata(new RequestTimeoutAttribute(600_000))
            .WithMetadata(new Description(
                "Submit many values of many reports at once",
                [new("dryRun", "Only tell what would happen", true),
                 Parameters.Word<ImportMode>("mode", "atomic (default): one bad row and nothing changes; partial: the good rows go in"),
                 new("submit", "Also submit the reports that the file names", true),
                 new("locale", "Whose decimal marks and thousands separators text numbers have", "vi-VN", ["vi-VN", "en-US"]),
                 new("expectedVersion", "Refuse if the plan's data version is another by now", 12L),
                 IdempotencyKeys.Parameter,
                 new("Prefer", "respond-async: answer 202 at once and run in the background (RFC 7240)", "respond-async", Header: true)])
            {
                Bodies = Bodies,
            })
            .Produces<ImportAnswer>(200, "application/json").Produces<ImportAnswer>(202, "application/json")
            .Refuses(400, 401, 403, 404, 409, 413, 415, 429, 503)
            .Produces<ImportProblem>(422, "application/problem+json").Needs(KeyScope.Imports)
            .Sends(AnswerHeaders.ETag, 200, 202).Sends(AnswerHeaders.Location, 202).Sends(AnswerHeaders.ContentLocation, 200)
            .Sends(AnswerHeaders.PreferenceApplied, 200, 202);
        api.MapGet("/plans/{plan}" + Path, ListImports)
            .Describe<Page<ImportAnswer>>("listImports", "Imports of the caller, or of everybody for who may see all; the newest first", Parameters.Paging)
            .Refuses(401, 404).Needs(KeyScope.Read, KeyScope.Imports);
        api.MapGet(Path + "/{id}", GetImport).Describe<ImportAnswer>("getImport", "One import: progress, counts, the first remarks")
            .Refuses(401, 403, 404).Needs(KeyScope.Read, KeyScope.Imports);
        api.MapGet(Path + "/{id}/rows", ListRows)
            .Describe<Page<ImportRowAnswer>>(
                "listImportRows", "What became of each row",
                [Parameters.Word<RowResult>("outcome", "Only rows with this outcome"), .. Parameters.Paging])
            .Refuses(401, 403, 404).Needs(KeyScope.Read, KeyScope.Imports);
        api.MapGet(Path + "/{id}/rejected", GetRejected).WithName("getRejectedRows")
            .WithMetadata(new Description("The rejected rows as a file of the same format with a reason column", []))
            .ProducesFile("text/csv", XlsxType, "application/json", "application/x-ndjson")
            .Refuses(400, 401, 403, 404, 410, 429, 503).Needs(KeyScope.Read, KeyScope.Imports);
        api.MapDelete(Path + "/{id}", CancelImport).WithName("cancelImport")
            .WithMetadata(new Description("Stop an import that is queued or running; nothing of it stays", []))
            .Produces<ImportAnswer>(200, "application/json").Refuses(400, 401, 403, 404, 409, 429, 503).Needs(KeyScope.Imports)
            .Sends(AnswerHeaders.ETag, 200);
        api.MapGet("/plans/{plan}/report-template", GetTemplate).WithName("getReportTemplate")
            .WithMetadata(new Description(
                "A table of exactly the values due, to be filled in and imported",
                [new("period", "Period code", "2022-H1", Required: true),
                 new("unit", "Unit code; the caller's own where neither it nor under is given", "SNV") { HasExample = true },
                 new("under", "This unit and all below it, as far as the caller may read", "D474"), Parameters.Word<TemplateFormat>("format", "Form of the file (default csv)")]))
            .ProducesFile("text/csv", XlsxType).Refuses(400, 401, 403, 404, 429, 503)
            .Needs(KeyScope.Read, KeyScope.Imports);
    }

    private static async Task PostImport(HttpContext context, string plan, Catalogues catalogues, Importer importer)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, "dryRun", "mode", "submit", "locale", "expectedVersion");
        var (dryRun, submit, mode) = (query.Flag("dryRun"), query.Flag("submit"), query.Word<ImportMode>("mode"));
        var expected = query.Count("expectedVersion");
        var locale = query.Text("locale");
        if (locale is not null && ImportWords.Locale(locale) is null)
        {
            query.Refuse("parameter.invalid", "locale", "vi-VN, en-US");
        }

        query.Done();
        if (caller.Role is not (Role.Reporter or Role.Administrator))
        {
            throw new ProblemException("auth.forbidden");
        }

        var key = IdempotencyKeys.Of(context.Request);

        var isAsync = context.Request.Headers["Prefer"].SelectMany(value => (value ?? "").Split(',', ';'))
            .Any(word => word.Trim().Equals("respond-async", StringComparison.OrdinalIgnoreCase));
        using var place = importer.Places.Receive(caller.Actor);
        var (file, sha256, (format, charset), name) = await ReceiveAsync(context);
        await using var _ = file;
        await using var text = await DecodeAsync(file, charset, context.RequestAborted);
        var request = $"{sha256}:{found.Code}:{format}:{charset}:{context.Request.QueryString}";
        var (import, isRepeated) = await importer.AcceptAsync(
            new ImportRecord
            {
                Id = Guid.CreateVersion7().ToString("N"),
                PlanId = found.Id,
                Status = isAsync ? ImportStatus.Queued : ImportStatus.Running,
                Format = format,
                FileName = name,
                Sha256 = sha256,
                SizeBytes = file.Length,
                IsDryRun = dryRun,
                IsPartial = mode == ImportMode.Partial,
                IsSubmit = submit,
                Locale = locale,
                ExpectedVersion = expected,
                Actor = caller.Actor,
                Role = caller.Role,
                UnitId = caller.UnitId,
            },
            text ?? file, key, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request))),
            context.RequestAborted);
        if (!MaySee(caller, import))
        {
            throw new ProblemException("auth.forbidden");
        }

        if (isAsync)
        {
            context.Response.Headers["Preference-Applied"] = "respond-async";
        }

        var answer = await ShowOrAcceptAsync();
        var location = $"/v1{Path}/{import.Id}";
        if (isAsync || !import.IsEnded)
        {
            context.Response.Headers.Location = location;
            await Answers.WriteOwnAsync(context, StatusCodes.Status202Accepted, answer);
            return;
        }

        if (import is { Status: ImportStatus.Rejected, IsDryRun: false } or { Status: ImportStatus.Failed or ImportStatus.Cancelled })
        {
            throw Refused(import, answer);
        }

        context.Response.Headers.ContentLocation = location;
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, answer);

        // What it came to is committed, and may not be readable just now: the client is told where to read it later.
        async Task<ImportAnswer> ShowOrAcceptAsync()
        {
            var accepted = import;
            try
            {
                if (!isAsync && !isRepeated)
                {
                    // With a key it runs to its end even when the client leaves, who finds its answer when it repeats the request.
                    import = await importer.RunAsync(import, text ?? file, isKept: false, key is null ? context.RequestAborted : CancellationToken.None);
                }

                return await ShowAsync(context, import, catalogue);
            }
            catch (System.Data.Common.DbException) when (!isRepeated)
            {
                import = accepted;
                return Show(accepted, catalogue, [], importer);
            }
        }
    }

    // From here on, text is UTF-8; hash and size stay those of what was sent.
    private static async Task<FileStream?> DecodeAsync(FileStream file, string? charset, CancellationToken cancellation)
    {
        if (charset is null or "utf-8")
        {
            return null;
        }

        var text = Spool.Create();
        try
        {
            await TextCharset.ToUtf8Async(file, charset, text, cancellation);
            return text;
        }
        catch (DecoderFallbackException)
        {
            await text.DisposeAsync();
            throw new ProblemException("import.notInCharset", charset);
        }
        catch (UnreadableFileException)
        {
            // A workbook under the name of CSV; the import says so.
            await text.DisposeAsync();
            return null;
        }
        catch
        {
            await text.DisposeAsync();
            throw;
        }
    }

    private static ProblemException Refused(ImportRecord import, ImportAnswer answer)
    {
        var moved = answer.Remarks.FirstOrDefault(remark => remark.Code == "import.moved");
        return (import.Status, moved) switch
        {
            (ImportStatus.Rejected, not null) => new ProblemException("import.moved", answer.Result!.DataVersion) { Extend = Extend },
            (ImportStatus.Rejected, _) when answer.Remarks.Any(remark => remark.Code == "import.caller") =>
                new ProblemException("import.caller") { Extend = Extend },
            (ImportStatus.Rejected, _) => new ProblemException("import.rejected") { Extend = Extend },
            (ImportStatus.Cancelled, _) => new ProblemException("import.state", Words.Of(import.Status)) { Extend = Extend },
            _ => new ProblemException("service.unavailable"),
        };

        Problem Extend(Problem problem) => new ImportProblem
        {
            Type = problem.Type,
            Title = problem.Title,
            Status = problem.Status,
            Instance = problem.Instance,
            Code = problem.Code,
            Import = answer,
        };
    }

    private static async Task<(FileStream File, string Sha256, (ImportFormat Format, string? Charset) Form, string? Name)> ReceiveAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.ContentEncoding.Count > 0 || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            throw new ProblemException("import.mediaType");
        }

        if (!type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            var format = FormatOf(type, null);
            if (request.ContentLength > Spool.Largest)
            {
                throw new ProblemException("request.tooLarge", Spool.Largest);
            }

            var (file, sha256) = await Spool.ReceiveAsync(request.Body, context.RequestAborted);
            return (file, sha256, format, NameIn(request.Headers.ContentDisposition));
        }

        // 70 characters at most (RFC 2046, section 5.1.1).
        if (HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 70 } boundary)
        {
            throw new ProblemException("import.noFile");
        }

        (FileStream File, string Sha256, (ImportFormat Format, string? Charset) Form, string? Name)? found = null;
        try
        {
            var reader = new MultipartReader(boundary, request.Body);
            while (await RequestBody.ReadAsync(() => reader.ReadNextSectionAsync(context.RequestAborted)) is { } section)
            {
                if (NameIn(section.ContentDisposition) is not { } name)
                {
                    continue;
                }

                if (found is not null)
                {
                    throw new ProblemException("import.noFile");
                }

                var format = FormatOf(MediaTypeHeaderValue.TryParse(section.ContentType, out var sectionType) ? sectionType : null, name);
                var (file, sha256) = await Spool.ReceiveAsync(section.Body, context.RequestAborted);
                found = (file, sha256, format, name);
            }

            // What is compressed or sent in chunks is known to be whole at its very end.
            await RequestBody.ReadAsync(async () =>
            {
                await request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
                return true;
            });
        }
        catch
        {
            await (found?.File.DisposeAsync() ?? default);
            throw;
        }

        return found ?? throw new ProblemException("import.noFile");
    }

    // Only CSV comes in other charsets than UTF-8; what is no text has none.
    private static (ImportFormat Format, string? Charset) FormatOf(MediaTypeHeaderValue? type, string? name)
    {
        var format = type?.MediaType.Value is { } mediaType && Formats.TryGetValue(mediaType, out var byType) ? byType
            : name is not null && Endings.TryGetValue(System.IO.Path.GetExtension(name), out var byName) ? byName
            : throw new ProblemException("import.mediaType");
        if (type?.Charset.Value is not { Length: > 0 } declared)
        {
            return (format, null);
        }

        var charset = TextCharset.Find(declared);
        if (charset is null || (charset != "utf-8" && format != ImportFormat.Csv))
        {
            throw new ProblemException(format == ImportFormat.Csv ? "import.charset" : "import.mediaType", Remark.Shorten(declared));
        }

        return (format, format == ImportFormat.Csv ? charset : null);
    }

    // The last part of what may be a path; what cannot be kept or shown is left out.
    private static string? NameIn(string? disposition)
    {
        if (!ContentDispositionHeaderValue.TryParse(disposition, out var parsed)
            || (parsed.FileNameStar.HasValue ? parsed.FileNameStar : HeaderUtilities.RemoveQuotes(parsed.FileName)).Value is not { Length: > 0 } given)
        {
            return null;
        }

        var name = string.Concat(given.Split('/', '\\')[^1].Where(c => !char.IsControl(c) && !char.IsSurrogate(c)));
        return name.Length <= 255 ? name : name[^255..];
    }

    private static async Task ListImports(HttpContext context, string plan, Catalogues catalogues, Database database, Importer importer)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        if (cursor is not null && (cursor.Length != 32 || !cursor.All(char.IsAsciiHexDigitLower)))
        {
            query.Refuse("cursor.invalid", "cursor");
        }

        query.Done();
        var sender = MaySeeAll(caller) ? null : caller;
        var imports = await database.ReadAsync(
            session => ImportQueries.PageAsync(session, found.Id, sender, cursor, limit + 1), context.RequestAborted);
        var page = Page<ImportAnswer>.Begin(
            context, imports, import => import.Id, import => Show(import, catalogue, [], importer), limit);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);
    }

    private static async Task GetImport(HttpContext context, string id, Catalogues catalogues, Database database)
    {
        new QueryInput(context.Request).Done();
        var import = await FindAsync(context, id, database);
        await Answers.WriteOwnAsync(
            context, StatusCodes.Status200OK,
            await ShowAsync(context, import, await catalogues.CurrentAsync(context.RequestAborted)));
    }

    private static async Task ListRows(HttpContext context, string id, Database database)
    {
        var query = new QueryInput(context.Request, "outcome", "limit", "cursor");
        var (wanted, limit, after) = (query.Word<RowResult>("outcome"), query.Limit(), query.CursorNumber() ?? -1);
        query.Done();
        var import = await FindAsync(context, id, database);
        var deflated = await database.ReadAsync(session => ImportQueries.OutcomesAsync(session, import.Id), context.RequestAborted);
        using var inflated = new MemoryStream();
        if (deflated.Length > 0)
        {
            using var inflate = new DeflateStream(new MemoryStream(deflated), CompressionMode.Decompress);
            await inflate.CopyToAsync(inflated, context.RequestAborted);
        }

        var outcomes = inflated.GetBuffer().AsMemory(0, (int)inflated.Length);
        List<int> rows = [.. Enumerable.Range(0, outcomes.Length).Where(row => row > after &&
            (RowOutcome)outcomes.Span[row] is not RowOutcome.None and var outcome && (wanted is null || Of(outcome) == wanted)).Take(limit + 1)];
        var page = Page<int>.Begin(context, rows, row => row.ToString(CultureInfo.InvariantCulture), row => row, limit);
        var remarks = page.Items.Count == 0 ? [] : await database.ReadAsync(
            session => ImportQueries.RemarksAsync(session, import.Id, page.Items[0], page.Items[^1]), context.RequestAborted);
        var ofRow = remarks.ToLookup(remark => remark.Row, RowRemark.Of);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, new Page<ImportRowAnswer>
        {
            Items = [.. page.Items.Select(row => new ImportRowAnswer(row, Of((RowOutcome)outcomes.Span[row]), [.. ofRow[row]]))],
            NextCursor = page.NextCursor,
        });

        static RowResult Of(RowOutcome outcome) => Enum.Parse<RowResult>(outcome.ToString());
    }

    private static async Task GetRejected(HttpContext context, string id, Database database, Importer importer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var import = await FindAsync(context, id, database);
        var pieces = import.IsEnded
            ? await database.ReadAsync(session => ImportQueries.CountPiecesAsync(session, import.Id, "rejected"), context.RequestAborted) : 0;
        if (pieces == 0)
        {
            throw importer.DetailsUntil(import) <= time.GetUtcNow() ? new ProblemException("import.purged", importer.RetentionDays)
                : new ProblemException("import.nothingRejected");
        }

        Download(context, import.Format switch
        {
            ImportFormat.Csv => CsvType,
            ImportFormat.Xlsx => XlsxType,
            ImportFormat.Json => "application/json; charset=utf-8",
            _ => "application/x-ndjson; charset=utf-8",
        }, $"rejected-{import.Id}.{Words.Of(import.Format)}");
        for (var ordinal = 1; ordinal <= pieces; ordinal++)
        {
            var number = ordinal;
            await context.Response.Body.WriteAsync(
                await database.ReadAsync(session => ImportQueries.PieceAsync(session, import.Id, "rejected", number), context.RequestAborted),
                context.RequestAborted);
        }
    }

    private static async Task CancelImport(HttpContext context, string id, Catalogues catalogues, Database database, Importer importer)
    {
        new QueryInput(context.Request).Done();
        var import = await FindAsync(context, id, database);
        var caller = context.RequireCaller();
        if (caller.Role != Role.Administrator && caller.Actor != import.Actor)
        {
            throw new ProblemException("auth.forbidden");
        }

        if (!import.IsEnded)
        {
            import = await importer.CancelAsync(import.Id, context.RequestAborted);
        }

        if (import.IsEnded && import.Status != ImportStatus.Cancelled)
        {
            throw new ProblemException("import.state", Words.Of(import.Status));
        }

        await Answers.WriteOwnAsync(
            context, StatusCodes.Status200OK,
            await ShowAsync(context, import, await catalogues.CurrentAsync(context.RequestAborted)));
    }

    private static async Task GetTemplate(HttpContext context, string plan, Catalogues catalogues, Database database)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var (found, units) = (catalogue.PlanOf(plan), catalogue.Units);
        var query = new QueryInput(context.Request, "period", "unit", "under", "format");
        var period = query.Known("period", found.FindPeriod, "period");
        var (unit, under) = (query.Known("unit", units.Find, "unit"), query.Known("under", units.Find, "unit"));
        var format = query.Word<TemplateFormat>("format") ?? TemplateFormat.Csv;
        if (query.Text("period") is null)
        {
            query.Refuse("parameter.invalid", "period", string.Join(", ", found.Periods.Select(each => each.Code)));
        }

        if (unit is not null && under is not null)
        {
            query.Refuse("parameter.invalid", "under", "unit | under");
        }

        query.Done();
        unit ??= under is null && caller.UnitId is { } own ? units[own] : null;
        if (unit is null && under is null)
        {
            query.Refuse("parameter.invalid", "unit", "unit | under");
            query.Done();
        }

        var rights = new Rights(found, period!, units);
        var chosen = (unit is not null ? [unit] : units.All.Where(each => units.IsWithin(each, under!.Id, period!.DataTo)))
            .Where(each => rights.MayRead(caller, each)).OrderBy(each => each.Code, StringComparer.Ordinal).ToList();
        if (chosen.Count == 0)
        {
            throw new ProblemException("auth.forbidden");
        }

        await using var file = Spool.Create();
        var template = new ReportTemplate(found, period!, chosen);
        await database.ReadAsync(session => template.LoadAsync(session, catalogue), context.RequestAborted);
        if (format == TemplateFormat.Xlsx && template.RowCount >= XlsxWriter.MostRows)
        {
            // A template is one sheet, since it is imported as one.
            throw ProblemException.Of([new Refusal("xlsx.tooManyRows", null, null, XlsxWriter.MostRows, CsvAddress(context.Request))
            {
                Parameter = "format",
            }]);
        }

        template.Write(format, file);
        Download(
            context, format == TemplateFormat.Csv ? CsvType : XlsxType,
            $"{found.Code}-{period!.Code}-{(unit ?? under)!.Code}.{Words.Of(format)}");
        context.Response.ContentLength = file.Length;
        file.Position = 0;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static string CsvAddress(HttpRequest request) => request.PathBase + request.Path + QueryString.Create(
        request.Query.Select(each => KeyValuePair.Create(each.Key, each.Key == "format" ? "csv" : (string?)each.Value)));

    private static void Download(HttpContext context, string type, string name)
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "private, no-store";
        context.Response.Headers.Vary = "Authorization";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
    }

    private static bool MaySeeAll(Caller caller) => caller.Role is Role.Administrator or Role.Monitor;

    // A person may be of another unit by now, which does not take along what the former one sent.
    private static bool MaySee(Caller caller, ImportRecord import) =>
        MaySeeAll(caller) || (caller.Actor == import.Actor && caller.UnitId == import.UnitId);

    private static async Task<ImportRecord> FindAsync(HttpContext context, string id, Database database)
    {
        var caller = context.RequireCaller();
        var import = await database.ReadAsync(session => ImportQueries.FindAsync(session, id), context.RequestAborted)
            ?? throw new ProblemException("import.unknown", id);
        return MaySee(caller, import) ? import : throw new ProblemException("auth.forbidden");
    }

    private static async Task<ImportAnswer> ShowAsync(HttpContext context, ImportRecord import, Catalogue catalogue)
    {
        var services = context.RequestServices;
        var remarks = import.Status is ImportStatus.Completed or ImportStatus.Rejected
            ? await services.GetRequiredService<Database>().ReadAsync(
                session => ImportQueries.FirstRemarksAsync(session, import.Id), context.RequestAborted)
            : [];
        return Show(import, catalogue, remarks, services.GetRequiredService<Importer>());
    }

    private static ImportAnswer Show(ImportRecord import, Catalogue catalogue, IReadOnlyList<Remark> remarks, Importer importer) => new()
    {
        Id = import.Id,
        Plan = catalogue.Plans.First(plan => plan.Id == import.PlanId).Code,
        Status = import.Status,
        DryRun = import.IsDryRun,
        Mode = import.IsPartial ? ImportMode.Partial : ImportMode.Atomic,
        Submit = import.IsSubmit,
        Format = Words.Of(import.Format),
        FileName = import.FileName,
        Sha256 = import.Sha256,
        SizeBytes = import.SizeBytes,
        CreatedBy = import.Actor,
        CreatedAt = import.CreatedAt,
        FinishedAt = import.FinishedAt,
        DetailsUntil = importer.DetailsUntil(import),
        Progress = import.IsEnded ? new ImportProgress(import.RowsRead, 100) : importer.ProgressOf(import.Id) ?? new ImportProgress(import.RowsRead, null),
        Result = import.Summary is { } summary ? System.Text.Json.JsonSerializer.Deserialize<ImportResult>(summary, Json.Options) : null,
        Remarks = [.. remarks.Select(RowRemark.Of)],
    };
}
