using System.Security.Cryptography;
using Cchc.Api.Http;

namespace Cchc.Api.Importing;

/// <summary>An upload on its way to disk: a file that goes when it is closed.</summary>
internal static class Spool
{
    public const long Largest = 256L * 1024 * 1024;

    public static FileStream Create()
    {
        var path = Path.Combine(Path.GetTempPath(), "cchc-" + Path.GetRandomFileName());
        var file = new FileStream(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);

        // Where a file without a name stays open, not even a crash leaves it behind.
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }

        return file;
    }

    /// <summary>Receives a body, and says its SHA-256.</summary>
    public static async Task<(FileStream File, string Sha256)> ReceiveAsync(Stream body, CancellationToken cancellation)
    {
        var file = Create();
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[64 * 1024];
            while (await RequestBody.ReadAsync(() => body.ReadAsync(buffer, cancellation).AsTask()) is > 0 and var read)
            {
                hash.AppendData(buffer.AsSpan(0, read));
                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
                if (file.Length > Largest)
                {
                    throw new ProblemException("request.tooLarge", Largest);
                }
            }

            return (file, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }
}
