using System.Numerics;

namespace Cchc.Domain;

/// <summary>An exact, non-negative fraction: figures are rounded once, when they are shown.</summary>
public readonly struct Fraction : IComparable<Fraction>, IEquatable<Fraction>
{
    private readonly BigInteger _numerator;
    private readonly BigInteger _denominator;

    /// <param name="numerator">At least 0.</param>
    /// <param name="denominator">At least 1.</param>
    public Fraction(BigInteger numerator, BigInteger denominator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numerator);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(denominator);
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        _numerator = numerator / divisor;
        _denominator = denominator / divisor;
    }

    public static Fraction Zero => new(0, 1);

    public static Fraction One => new(1, 1);

    private BigInteger Denominator => _denominator.IsZero ? BigInteger.One : _denominator;

    /// <summary>The fraction in hundredths of a percent, half away from zero: 1/3 is 3333.</summary>
    public BigInteger PercentHundredths => ((_numerator * 20_000) + Denominator) / (2 * Denominator);

    /// <summary>The fraction in percent with exactly two decimals, half away from zero: 1/3 is 33.33.</summary>
    public decimal ToPercent() => new((int)PercentHundredths, 0, 0, false, 2);

    public static Fraction operator +(Fraction left, Fraction right) =>
        new((left._numerator * right.Denominator) + (right._numerator * left.Denominator), left.Denominator * right.Denominator);

    /// <summary>Of no more than what it is taken from.</summary>
    public static Fraction operator -(Fraction left, Fraction right) =>
        new((left._numerator * right.Denominator) - (right._numerator * left.Denominator), left.Denominator * right.Denominator);

    public static Fraction operator *(Fraction left, Fraction right) =>
        new(left._numerator * right._numerator, left.Denominator * right.Denominator);

    public static Fraction operator /(Fraction left, Fraction right) =>
        new(left._numerator * right.Denominator, left.Denominator * right._numerator);

    public static bool operator <(Fraction left, Fraction right) => left.CompareTo(right) < 0;

    public static bool operator >(Fraction left, Fraction right) => left.CompareTo(right) > 0;

    public static bool operator <=(Fraction left, Fraction right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Fraction left, Fraction right) => left.CompareTo(right) >= 0;

    public static bool operator ==(Fraction left, Fraction right) => left.Equals(right);

    public static bool operator !=(Fraction left, Fraction right) => !left.Equals(right);

    public static Fraction Min(Fraction left, Fraction right) => left < right ? left : right;

    public int CompareTo(Fraction other) => (_numerator * other.Denominator).CompareTo(other._numerator * Denominator);

    public bool Equals(Fraction other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is Fraction other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_numerator, Denominator);

    public override string ToString() => $"{_numerator}/{Denominator}";
}
