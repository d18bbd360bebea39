using System.Data;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>
/// Dates and instants: ISO 8601 text in SQLite, date and datetime2(3) in UTC in SQL Server. A null too is sent with the type of its column,
/// so that the server neither converts it nor keeps a plan of its own for it.
/// </summary>
internal static class ColumnTypes
{
    /// <summary>The scale of every instant: datetime2(3).</summary>
    public const byte Milliseconds = 3;

    private static int _registered;

    public static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) == 0)
        {
            SqlMapper.RemoveTypeMap(typeof(DateOnly));
            SqlMapper.RemoveTypeMap(typeof(DateOnly?));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
            SqlMapper.AddTypeHandler(typeof(DateOnly), new DateHandler());
            SqlMapper.AddTypeHandler(typeof(DateTimeOffset), new InstantHandler());
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
            case string text when parameter is not SqliteParameter:
                // As Dapper does: one plan for texts of any length.
                parameter.DbType = DbType.String;
                parameter.Size = text.Length <= 4000 ? 4000 : -1;
                parameter.Value = text;
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

    private sealed class DateHandler : SqlMapper.ITypeHandler
    {
        public object Parse(Type destinationType, object value) => value switch
        {
            string text => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture),
            DateTime date => DateOnly.FromDateTime(date),
            _ => (DateOnly)value,
        };

        public void SetValue(IDbDataParameter parameter, object value)
        {
            parameter.DbType = parameter is SqliteParameter ? DbType.String : DbType.Date;
            parameter.Value = (value, parameter) switch
            {
                (DateOnly date, SqliteParameter) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                (DateOnly date, _) => date.ToDateTime(TimeOnly.MinValue),
                _ => DBNull.Value,
            };
        }
    }

    private sealed class InstantHandler : SqlMapper.ITypeHandler
    {
        private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

        public object Parse(Type destinationType, object value) => value switch
        {
            string text => DateTimeOffset.ParseExact(
                text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
            _ => new DateTimeOffset(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc)),
        };

        public void SetValue(IDbDataParameter parameter, object value)
        {
            if (parameter is SqliteParameter)
            {
                parameter.DbType = DbType.String;
                parameter.Value = value is DateTimeOffset at ? at.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture) : DBNull.Value;
                return;
            }

            // Both engines cut off what is less than a millisecond; neither rounds an instant into the future.
            parameter.DbType = DbType.DateTime2;
            parameter.Scale = Milliseconds;
            parameter.Value = value is DateTimeOffset instant
                ? instant.UtcDateTime.AddTicks(-(instant.Ticks % TimeSpan.TicksPerMillisecond)) : DBNull.Value;
        }
    }
}
