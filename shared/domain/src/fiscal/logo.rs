//! The logo of an organization: the picture that was uploaded.

use serde::{Deserialize, Serialize};

use crate::{Error, Failure, FailureClass, Id, Organization, Timestamp, Violation};

/// A picture that was uploaded as the logo of an organization. It is a file of its own, which is never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogoFile {
    /// The id of the file. The same picture has another one when it is uploaded again.
    pub id: Id<LogoFile>,
    /// The SHA-256 hash of the picture, in hexadecimal digits.
    pub sha256: String,
    /// The format of the picture.
    pub format: ImageFormat,
}

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    /// PNG (ISO/IEC 15948).
    Png,
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
}

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ImageProblem {
    /// There is no picture, or it is empty.
    Missing,
    /// The picture has another format.
    OtherFormat,
    /// The picture is damaged or ends early.
    Damaged,
    /// The picture is wider or higher than it may be.
    TooManyPixels,
}

/// The signature of a PNG.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The marker `SOI` at the begin of a JPEG, and the first byte of the next marker.
const JPEG_START: &[u8] = b"\xff\xd8\xff";
/// The marker `EOI` at the end of a JPEG.
const JPEG_END: &[u8] = b"\xff\xd9";

impl ImageFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Png, Self::Jpeg];

    /// Returns the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// Returns the extension of file names.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

impl LogoFile {
    /// The maximum size of a picture, in bytes: 500 KB.
    pub const MAX_SIZE: usize = 500 * 1024;
    /// The maximum width and height of a picture, in pixels.
    pub const MAX_SIDE: u32 = 4096;
    /// The regular expression of the name of a picture.
    pub const NAME_PATTERN: &'static str = "^[0-9a-f]{64}\\.(png|jpg)$";

    /// Returns the format of a picture. Fails with [`Failure::INVALID_IMAGE`] if it cannot be a logo.
    ///
    /// It reads the header and looks for the end. It does not decode the pixels.
    pub fn check(picture: &[u8]) -> Result<ImageFormat, Error> {
        read_header(picture).map_err(|problem| {
            let (code, detail) = problem.describe();
            let violation = Violation { pointer: "/file".into(), code, detail: detail.into() };
            Error::from(Failure::INVALID_IMAGE).with_violations(vec![violation])
        })
    }

    /// Returns whether a text is the name of a picture, as [`LogoFile::NAME_PATTERN`] has it.
    pub fn is_name(text: &str) -> bool {
        let Some((hash, extension)) = text.split_once('.') else { return false };
        hash.len() == 64
            && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && ImageFormat::ALL.iter().any(|format| format.extension() == extension)
    }

    /// Returns the name of the picture in URLs, which depends on its content alone.
    pub fn name(&self) -> String {
        format!("{}.{}", self.sha256, self.format.extension())
    }
}

fn read_header(image: &[u8]) -> Result<ImageFormat, ImageProblem> {
    let (format, size) = if image.is_empty() {
        return Err(ImageProblem::Missing);
    } else if image.starts_with(PNG_SIGNATURE) {
        (ImageFormat::Png, png_size(image))
    } else if image.starts_with(JPEG_START) {
        (ImageFormat::Jpeg, jpeg_size(image))
    } else {
        return Err(ImageProblem::OtherFormat);
    };
    match size {
        None | Some((0, _) | (_, 0)) => Err(ImageProblem::Damaged),
        Some((width, height)) if width > LogoFile::MAX_SIDE || height > LogoFile::MAX_SIDE => {
            Err(ImageProblem::TooManyPixels)
        }
        Some(_) => Ok(format),
    }
}

/// Returns the width and height of a PNG (ISO/IEC 15948 §11.2.1); `None` if its header is damaged, or it is incomplete.
fn png_size(image: &[u8]) -> Option<(u32, u32)> {
    let mut rest = image.strip_prefix(PNG_SIGNATURE)?;
    let (mut size, mut has_pixels) = (None, false);
    loop {
        // A chunk: the length of its data, its type, the data and a checksum of both.
        let (length, after) = rest.split_first_chunk()?;
        let end = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(4)?;
        let (checked, after) = (after.get(..end)?, after.get(end..)?);
        let (checksum, after) = after.split_first_chunk()?;
        match checked.split_first_chunk()? {
            (b"IHDR", header)
                if size.is_none() && crc32fast::hash(checked) == u32::from_be_bytes(*checksum) =>
            {
                let (width, header) = header.split_first_chunk()?;
                let (height, _) = header.split_first_chunk()?;
                size = Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)));
            }
            _ if size.is_none() => return None,
            (b"IDAT", _) => has_pixels = true,
            (b"IEND", _) => return size.filter(|_| has_pixels),
            _ => {}
        }
        rest = after;
    }
}

/// Returns the width and height of a JPEG (ISO/IEC 10918-1 §B.2.2); `None` if it is damaged or incomplete.
///
/// The segments are skipped by their lengths, because a thumbnail in one of them has markers of its own.
fn jpeg_size(image: &[u8]) -> Option<(u32, u32)> {
    let mut rest = image.get(2..)?;
    let mut size = None;
    loop {
        let ([0xff, marker], after) = rest.split_first_chunk()? else { return None };
        // A marker may have fill bytes in front of it.
        if *marker == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        let segment = after.get(2..length)?;
        match marker {
            // The frame: its precision, height and width. C4, C8 and CC are other segments.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let &[_, high, low, wide, narrow, ..] = segment else { return None };
                let side = |bytes| u32::from(u16::from_be_bytes(bytes));
                size = Some((side([wide, narrow]), side([high, low])));
            }
            // The scan: the pixels follow, and contain no marker of an end.
            0xda => return size.filter(|_| contains(after, JPEG_END)),
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

impl ImageProblem {
    /// Returns the code of the violation, and what helps.
    const fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("required", "Send the picture as the part `file` of the form."),
            Self::OtherFormat => ("unsupported_format", "A logo is a PNG or a JPEG. Convert the picture."),
            Self::Damaged => ("damaged_image", "The picture is damaged, or only a part of it was sent."),
            Self::TooManyPixels => {
                ("too_many_pixels", "A logo is at most 4,096 pixels wide and 4,096 pixels high.")
            }
        }
    }
}

impl Organization {
    /// Sets or removes the uploaded logo, and returns the names of the changed fields. The organization is one version later.
    pub fn set_logo_file(&mut self, file: Option<LogoFile>, now: Timestamp) -> Vec<&'static str> {
        self.mark_updated(now);
        self.logo_file = file;
        // The logo of an organization is the uploaded one, unless the caller has set another.
        if self.logo.is_none() { vec!["logo", "logo_url"] } else { vec!["logo_url"] }
    }

    /// Returns whether the organization has a logo: one that the caller has set, or an uploaded one.
    pub fn has_logo(&self) -> bool {
        self.logo.is_some() || self.logo_file.is_some()
    }
}

impl Failure {
    /// The picture cannot be a logo.
    pub const INVALID_IMAGE: Self =
        Self::new(FailureClass::Invalid, "invalid_image", "The picture cannot be a logo").with_hint(
            "Send a PNG or a JPEG of at most 500 KB and 4,096 × 4,096 pixels. `errors` says what is wrong.",
        );

    /// There is no such logo, or it is no longer that of the organization.
    pub const LOGO_NOT_FOUND: Self = Self::new(FailureClass::NotFound, "logo_not_found", "Logo not found");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a PNG whose pixels are none.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let header = [&size[..], b"\x08\x06\0\0\0"].concat();
        let chunks = [(b"IHDR", &header[..]), (b"tEXt", b"a\0IEND"), (b"IDAT", b"pixels"), (b"IEND", b"")];
        let chunks = chunks.iter().map(|(kind, data)| {
            let checked = [&kind[..], data].concat();
            let length = u32::try_from(data.len()).unwrap().to_be_bytes();
            [&length[..], &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
        });
        [PNG_SIGNATURE.to_vec()].into_iter().chain(chunks).collect::<Vec<_>>().concat()
    }

    /// Returns the segments of a JPEG whose header has a thumbnail.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let thumbnail = b"\xff\xe1\0\x08\xff\xda\xff\xd9\0\0";
        let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
        [
            b"\xff\xd8",
            &thumbnail[..],
            b"\xff\xc2\0\x0b\x08",
            &size,
            b"\x01\x01\x11\0\xff\xda\0\x02pixels\xff\xd9",
        ]
        .concat()
    }

    #[test]
    fn the_format_is_read_from_the_header() {
        for side in [1, 800, 4096] {
            assert_eq!(read_header(&png(side, 4097 - side.min(4096))), Ok(ImageFormat::Png));
            let side = u16::try_from(side).unwrap();
            assert_eq!(read_header(&jpeg(side, 4096)), Ok(ImageFormat::Jpeg));
        }
        for (width, height) in [(4097, 1), (1, 4097), (u32::MAX, u32::MAX)] {
            assert_eq!(read_header(&png(width, height)), Err(ImageProblem::TooManyPixels));
        }
        assert_eq!(read_header(&jpeg(4097, 1)), Err(ImageProblem::TooManyPixels));
        for damaged in [png(0, 1), png(1, 0), jpeg(0, 1), jpeg(1, 0)] {
            assert_eq!(read_header(&damaged), Err(ImageProblem::Damaged));
        }
        for other in
            [&b"<svg/>"[..], b"GIF89a", b"RIFF0000WEBP", b"BM", b"%PDF-1.7", b"\0", b"\x89PNG\n\x1a\n"]
        {
            assert_eq!(read_header(other), Err(ImageProblem::OtherFormat));
        }
        assert_eq!(read_header(b""), Err(ImageProblem::Missing));
    }

    #[test]
    fn a_truncated_picture_is_damaged() {
        for picture in [png(10, 10), jpeg(10, 10)] {
            for length in 0..picture.len() {
                assert!(read_header(&picture[..length]).is_err(), "{length} of {} bytes", picture.len());
            }
            for appendix in [&b"appended by a camera"[..], b"\xff\xda\xff\xd8\xff\xe0\0\x10JFIF"] {
                let with_appendix = [&picture[..], appendix].concat();
                assert_eq!(read_header(&with_appendix), read_header(&picture));
            }
        }
    }

    #[test]
    fn invalid_segment_lengths_are_damage() {
        for length in [0_u16, 1, 2, 3, 7, 0xff, 0xffff] {
            let segments = [&length.to_be_bytes()[..], &[0xff; 600], b"\xff\xda\0\x02", JPEG_END].concat();
            let picture = [JPEG_START, b"\xe0", &segments].concat();
            assert_eq!(read_header(&picture), Err(ImageProblem::Damaged), "{length}");
        }
        // Fill bytes are no marker, in front of a segment and of the frame.
        let frame = jpeg(10, 10);
        let with_fill_bytes = [b"\xff\xd8\xff\xff\xff", &frame[3..]].concat();
        assert_eq!(read_header(&with_fill_bytes), Ok(ImageFormat::Jpeg));
        let start = frame.windows(2).position(|bytes| bytes == b"\xff\xc2").unwrap();
        let bomb = [&frame[..start], b"\xff", &jpeg(10_000, 10_000)[start..], &frame[start..]].concat();
        assert_eq!(read_header(&bomb), Err(ImageProblem::TooManyPixels));
        let mut damaged = png(10, 10);
        damaged[20] ^= 1;
        assert_eq!(read_header(&damaged), Err(ImageProblem::Damaged));
    }
}
