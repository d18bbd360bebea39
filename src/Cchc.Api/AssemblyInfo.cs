using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Cchc.Api.Tests")]
