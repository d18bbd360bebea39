using System.Text;
using System.Xml;

namespace Cchc.Api.Importing;

/// <summary>Reads the XML of a workbook's part forward. Names, texts and nesting are bounded, so that no part takes more than a little memory.</summary>
internal sealed class XlsxPartReader : IDisposable
{
    private const int DeepestElement = 64;

    private readonly string _part;
    private readonly XmlReader _xml;
    private readonly char[] _buffer = new char[1024];

    /// <param name="part">The name of the part.</param>
    /// <param name="content">Its content, which is closed with this.</param>
    /// <param name="length">The length that the archive gives for it, in bytes.</param>
    /// <exception cref="UnreadableFileException">Not even its beginning can be read.</exception>
    public XlsxPartReader(string part, Stream content, long length)
    {
        _part = part;
        try
        {
            _xml = XmlReader.Create(new BoundedXmlStream(content, length), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                IgnoreComments = true,
                IgnoreProcessingInstructions = true,
                NameTable = new BoundedNameTable(),
                CloseInput = true,
            });
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException or IOException)
        {
            throw Broken();
        }
    }

    /// <summary>The row that a fault is reported for.</summary>
    public int Row { get; set; }

    public int Depth => _xml.Depth;

    public bool IsEmptyElement => _xml.IsEmptyElement;

    /// <exception cref="UnreadableFileException">The part is not well-formed XML, is cut off, or has an extraordinary shape.</exception>
    public bool Read()
    {
        try
        {
            var hasNode = _xml.Read();
            return _xml.Depth <= DeepestElement ? hasNode : throw Broken();
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException or IOException)
        {
            throw Broken();
        }
    }

    public bool StartsElement(string name) => _xml.NodeType == XmlNodeType.Element && _xml.LocalName == name;

    /// <summary>Whether this is the end of the element that began at a depth.</summary>
    public bool EndsElement(int depth) => _xml.NodeType == XmlNodeType.EndElement && _xml.Depth == depth;

    public string? Attribute(string name) => _xml.GetAttribute(name);

    /// <summary>The relationship that the element names.</summary>
    public string? RelationshipId()
    {
        string? id = null;
        while (_xml.MoveToNextAttribute())
        {
            id = _xml.LocalName == "id" && _xml.NamespaceURI.EndsWith("/relationships", StringComparison.Ordinal) ? _xml.Value : id;
        }

        _xml.MoveToElement();
        return id;
    }

    /// <summary>Appends the text of the current element, and reads to its end.</summary>
    /// <exception cref="UnreadableFileException">It is longer than <see cref="RowSource.LongestCell"/>.</exception>
    public void ReadText(StringBuilder target)
    {
        if (_xml.IsEmptyElement)
        {
            return;
        }

        var depth = _xml.Depth;
        while (Read() && !EndsElement(depth))
        {
            if (_xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
            {
                AppendValue(target);
            }
        }
    }

    /// <summary>Appends the text of a string item: its own or that of its runs, without phonetic aids.</summary>
    public void ReadRichText(StringBuilder target)
    {
        if (_xml.IsEmptyElement)
        {
            return;
        }

        var depth = _xml.Depth;
        while (Read() && !EndsElement(depth))
        {
            if (StartsElement("rPh"))
            {
                Skip();
            }
            else if (StartsElement("t"))
            {
                ReadText(target);
            }
        }
    }

    /// <summary>Reads to the end of the current element.</summary>
    public void Skip()
    {
        var depth = _xml.Depth;
        while (!_xml.IsEmptyElement && Read() && !EndsElement(depth))
        {
        }
    }

    public UnreadableFileException Broken() => UnreadableFileException.Because(Row, "partBroken", _part);

    public void Dispose() => _xml.Dispose();

    private void AppendValue(StringBuilder target)
    {
        try
        {
            for (int read; (read = _xml.ReadValueChunk(_buffer, 0, _buffer.Length)) > 0;)
            {
                if (target.Length + read > RowSource.LongestCell)
                {
                    throw UnreadableFileException.Because(Row, "fieldTooLong", RowSource.LongestCell);
                }

                target.Append(_buffer, 0, read);
            }
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException or IOException)
        {
            throw Broken();
        }
    }

    // XmlReader keeps each name that it meets.
    private sealed class BoundedNameTable : NameTable
    {
        private const int MostNames = 10_000;
        private int _count;

        public override string Add(char[] key, int start, int len) => Get(key, start, len) ?? Counted(base.Add(key, start, len));

        public override string Add(string key) => Get(key) ?? Counted(base.Add(key));

        private string Counted(string name) => ++_count <= MostNames ? name : throw new InvalidDataException();
    }

    // XmlReader holds a tag with all its attributes; those of a workbook are short. In well-formed XML no attribute has the character <.
    private sealed class BoundedXmlStream(Stream content, long length) : Stream
    {
        private const int LongestTag = 1024 * 1024;
        private long _read;
        private int _sinceTag;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get => _read; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = content.Read(buffer);
            var read = buffer[..count];
            _read += count;
            var last = read.LastIndexOf((byte)'<');
            var first = last < 0 ? count : read.IndexOf((byte)'<');
            if (_read > length || _sinceTag + first > LongestTag)
            {
                throw new InvalidDataException();
            }

            _sinceTag = last < 0 ? _sinceTag + count : count - last;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
