using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Cchc.Api.Completion;
using Cchc.Api.Plans;
using Cchc.Api.Units;
using Cchc.Domain;

namespace Cchc.Api.Http;

/// <summary>How answers are written: camelCase, enums as words, instants in +07:00, Vietnamese unescaped.</summary>
internal static class Json
{
    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.TypeInfoResolver = JsonTypeInfoResolver.Combine(PublicShapes.Default, new DefaultJsonTypeInfoResolver());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.Converters.Add(new InstantConverter());
        return options;
    }

    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(LocalTime.Of(value).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture));
    }
}

/// <summary>
/// The shapes that a portal reads, known when the program is built: finding one out as it is first written takes longer than to compute it.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CompletionAnswer))]
[JsonSerializable(typeof(CompletionRowsAnswer))]
[JsonSerializable(typeof(UnitCompletionAnswer))]
[JsonSerializable(typeof(UnitRankingAnswer))]
[JsonSerializable(typeof(SeriesAnswer))]
[JsonSerializable(typeof(PlanAnswer))]
[JsonSerializable(typeof(Page<PlanAnswer>), TypeInfoPropertyName = "Plans")]
[JsonSerializable(typeof(Page<PeriodAnswer>), TypeInfoPropertyName = "Periods")]
[JsonSerializable(typeof(Page<TargetAnswer>), TypeInfoPropertyName = "Targets")]
[JsonSerializable(typeof(Page<TaskAnswer>), TypeInfoPropertyName = "Tasks")]
[JsonSerializable(typeof(Page<UnitAnswer>), TypeInfoPropertyName = "Units")]
internal sealed partial class PublicShapes : JsonSerializerContext;

/// <summary>A decimal on the wire that has no fraction, for the contract: a sum that may outgrow 64 bits.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WholeAttribute : Attribute;
