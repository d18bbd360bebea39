using System.Reflection;
using System.Reflection.Emit;
using Cchc.Api.Data;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// A statement, the class that says it, the type of the object that its parameters come from, null where it has none, and the method of the
/// session that runs it.
/// </summary>
internal sealed record SqlUse(string Sql, Type By, Type? Parameters, string Method);

/// <summary>Who says which statement with which parameters, read out of the program's instructions, so that nothing is left out.</summary>
internal static class SqlUses
{
    private const BindingFlags Every = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Assembly Program = typeof(Database).Assembly;
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private static readonly Lazy<IReadOnlyList<SqlUse>> Found = new(Find);

    /// <summary>Every use of a statement through a session.</summary>
    public static IReadOnlyList<SqlUse> All => Found.Value;

    /// <summary>The outermost classes in which a statement stands, however it is used.</summary>
    public static ILookup<string, Type> Owners { get; } = Methods()
        .SelectMany(method => Read(method).Where(each => each.Operand is string).Select(each => (Sql: ((string)each.Operand!).Trim(), Type: Outermost(method.DeclaringType!))))
        .Distinct().ToLookup(each => each.Sql, each => each.Type);

    private static List<SqlUse> Find()
    {
        var statements = SqlTexts.All.ToHashSet();
        var found = new List<SqlUse>();
        foreach (var method in Methods())
        {
            var code = Read(method).ToList();
            for (var at = 0; at < code.Count; at++)
            {
                if (code[at].Operand is not MethodInfo call || call.DeclaringType != typeof(DbSession)
                    || call.GetParameters().FirstOrDefault()?.ParameterType != typeof(string))
                {
                    continue;
                }

                var said = code.FindLastIndex(at, each => each.Operand is string text && statements.Contains(text.Trim()));
                if (said >= 0)
                {
                    var type = Enumerable.Range(said + 1, at - said - 1).Reverse().Select(index => Given(method, code[index])).FirstOrDefault(each => each is not null);
                    found.Add(new SqlUse(((string)code[said].Operand!).Trim(), Outermost(method.DeclaringType!), type == typeof(void) ? null : type, call.Name));
                }
            }
        }

        return found;
    }

    // What an instruction brings to the place of the parameters: void for none, null where it is about something else.
    private static Type? Given(MethodBase method, (OpCode Code, object? Operand) instruction) => instruction switch
    {
        ({ Name: "ldnull" }, _) => typeof(void),
        ({ Name: "newobj" }, ConstructorInfo made) => Row(made.DeclaringType!),
        (_, MethodInfo { IsGenericMethod: true } call) => Row(call.GetGenericArguments()[^1]),
        (_, MethodInfo { ReturnType: { } type } call) when type == typeof(object) && call.Module.Assembly == Program =>
            Read(call).Select(each => each.Code == OpCodes.Newobj ? Row(((ConstructorInfo)each.Operand!).DeclaringType!) : null).FirstOrDefault(each => each is not null),
        (_, FieldInfo field) => Row(field.FieldType),
        ({ Name: { } name }, var operand) when name.StartsWith("ldloc", StringComparison.Ordinal) =>
            Row(method.GetMethodBody()!.LocalVariables[Place(name, operand)].LocalType),
        ({ Name: { } name }, var operand) when name.StartsWith("ldarg", StringComparison.Ordinal) =>
            Place(name, operand) - (method.IsStatic ? 0 : 1) is >= 0 and var place ? Row(method.GetParameters()[place].ParameterType) : null,
        _ => null,
    };

    private static Type? Row(Type type) =>
        type.Name.Contains("AnonymousType", StringComparison.Ordinal) ? type
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? Row(type.GetGenericArguments()[0])
        : type.Assembly == Program && type.IsClass && type.GetMethod("<Clone>$") is not null ? type
        : null;

    private static int Place(string name, object? operand) =>
        operand is int given ? given : int.Parse(name.AsSpan(name.LastIndexOf('.') + 1), System.Globalization.CultureInfo.InvariantCulture);

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<MethodBase> Methods() => Program.GetTypes().SelectMany(type =>
        type.GetMethods(Every).Cast<MethodBase>().Concat(type.GetConstructors(Every)));

    private static IEnumerable<(OpCode Code, object? Operand)> Read(MethodBase method)
    {
        var il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length;)
        {
            var code = Codes[il[at] == 0xFE ? (short)(0xFE00 | il[at + 1]) : il[at]];
            at += code.Size;
            var (size, operand) = code.OperandType switch
            {
                OperandType.InlineNone => (0, null),
                OperandType.ShortInlineVar => (1, il[at]),
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI => (1, null),
                OperandType.InlineVar => (2, BitConverter.ToInt16(il, at)),
                OperandType.InlineI8 or OperandType.InlineR => (8, null),
                OperandType.InlineSwitch => (4 + (4 * BitConverter.ToInt32(il, at)), null),
                OperandType.InlineString => (4, method.Module.ResolveString(BitConverter.ToInt32(il, at))),
                OperandType.InlineMethod => (4, method.Module.ResolveMethod(BitConverter.ToInt32(il, at), ofType, ofMethod)),
                OperandType.InlineField => (4, method.Module.ResolveField(BitConverter.ToInt32(il, at), ofType, ofMethod)),
                _ => (4, (object?)null),
            };
            at += size;
            yield return (code, operand is byte or short ? Convert.ToInt32(operand, System.Globalization.CultureInfo.InvariantCulture) : operand);
        }
    }
}
