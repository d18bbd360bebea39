using System.Data;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>Dates and instants: ISO 8601 text in SQLite, date and datetime2(3) in UTC in SQL Server.</summary>
internal static class ColumnTypes
{
    private static int _registered;

    public static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) == 0)
        {
            SqlMapper.RemoveTypeMap(typeof(DateOnly));
            SqlMapper.RemoveTypeMap(typeof(DateOnly?));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
            SqlMapper.AddTypeHandler(new DateHandler());
            SqlMapper.AddTypeHandler(new InstantHandler());
        }
    }

    /// <summary>Sets a parameter as the handlers do, for a command that Dapper does not make.</summary>
    public static void SetValue(IDbDataParameter parameter, object? value)
    {
        switch (value)
        {
            case DateTimeOffset instant:
                new InstantHandler().SetValue(parameter, instant);
                break;
            case DateOnly date:
                new DateHandler().SetValue(parameter, date);
                break;
            default:
                parameter.Value = value ?? DBNull.Value;
                break;
        }
    }

    /// <summary>A value as SQLite keeps it.</summary>
    public static object? ToSqlite(object? value)
    {
        var parameter = new SqliteParameter();
        SetValue(parameter, value);
        return parameter.Value is DBNull ? null : parameter.Value;
    }

    private sealed class DateHandler : SqlMapper.TypeHandler<DateOnly>
    {
        public override DateOnly Parse(object value) => value switch
        {
            string text => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture),
            DateTime date => DateOnly.FromDateTime(date),
            _ => (DateOnly)value,
        };

        public override void SetValue(IDbDataParameter parameter, DateOnly value)
        {
            parameter.DbType = parameter is SqliteParameter ? DbType.String : DbType.Date;
            parameter.Value = parameter is SqliteParameter
                ? value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
                : value.ToDateTime(TimeOnly.MinValue);
        }
    }

    private sealed class InstantHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

        public override DateTimeOffset Parse(object value) => value switch
        {
            string text => DateTimeOffset.ParseExact(
                text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
            _ => new DateTimeOffset(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc)),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.DbType = parameter is SqliteParameter ? DbType.String : DbType.DateTime2;
            parameter.Value = parameter is SqliteParameter
                ? value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture)
                : value.UtcDateTime;
        }
    }
}
