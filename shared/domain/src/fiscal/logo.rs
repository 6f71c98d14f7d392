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

/// The first bytes of a PNG: its signature, and the type and length of its first chunk.
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
/// The first bytes of a JPEG: the marker `SOI`, and the begin of the next one.
const JPEG_START: &[u8] = b"\xff\xd8\xff";
/// The type of the last chunk of a PNG.
const PNG_END: &[u8] = b"IEND";
/// The marker `SOS` of a JPEG, in front of the pixels.
const JPEG_SCAN: &[u8] = b"\xff\xda";
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
    pub const MAX_SIDE: usize = 4096;
    /// The regular expression of the name of a picture.
    pub const NAME_PATTERN: &'static str = "^[0-9a-f]{64}\\.(png|jpg)$";

    /// Returns the format of a picture. Fails with [`Failure::INVALID_IMAGE`] if it cannot be a logo.
    ///
    /// Only its header is read, and whether its end is there. The pixels are not decoded.
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

fn read_header(picture: &[u8]) -> Result<ImageFormat, ImageProblem> {
    let (format, is_complete) = if picture.is_empty() {
        return Err(ImageProblem::Missing);
    } else if picture.starts_with(PNG_START) {
        (ImageFormat::Png, last(picture, PNG_END).is_some())
    } else if picture.starts_with(JPEG_START) {
        // A thumbnail in the header of a JPEG has markers of its own, in front of those of the picture. Pixels contain none.
        (ImageFormat::Jpeg, last(picture, JPEG_SCAN).is_some_and(|scan| last(picture, JPEG_END) > Some(scan)))
    } else {
        return Err(ImageProblem::OtherFormat);
    };
    let size = imagesize::blob_size(picture).map_err(|_| ImageProblem::Damaged)?;
    if !is_complete || size.width == 0 || size.height == 0 {
        Err(ImageProblem::Damaged)
    } else if size.width > LogoFile::MAX_SIDE || size.height > LogoFile::MAX_SIDE {
        Err(ImageProblem::TooManyPixels)
    } else {
        Ok(format)
    }
}

/// Returns the position of the last occurrence of some bytes.
fn last(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|window| window == wanted)
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
    /// Sets the uploaded logo, and returns the names of the changed fields. The organization is one version later.
    pub fn set_logo_file(&mut self, file: LogoFile, now: Timestamp) -> Vec<&'static str> {
        self.replace_logo_file(Some(file), now)
    }

    /// Removes the uploaded logo, and returns the names of the changed fields. There must be one. The organization is one version later.
    pub fn remove_logo_file(&mut self, now: Timestamp) -> Vec<&'static str> {
        self.replace_logo_file(None, now)
    }

    fn replace_logo_file(&mut self, file: Option<LogoFile>, now: Timestamp) -> Vec<&'static str> {
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

    /// Returns the header and the end of a PNG.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        [PNG_START, &size, b"\x08\x06\0\0\0crc!\0\0\0\0IEND\xae\x42\x60\x82"].concat()
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
            // The checksum of the last chunk of a PNG is not looked at.
            let end = if picture.starts_with(PNG_START) { picture.len() - 4 } else { picture.len() };
            for length in 0..end {
                assert!(read_header(&picture[..length]).is_err(), "{length} of {end} bytes");
            }
            let with_appendix = [&picture[..], b"appended by a camera"].concat();
            assert_eq!(read_header(&with_appendix), read_header(&picture));
        }
    }

    #[test]
    fn lengths_that_lie_are_damage() {
        for length in [0_u16, 1, 2, 3, 7, 0xff, 0xffff] {
            let picture =
                [JPEG_START, b"\xe0", &length.to_be_bytes(), &[0xff; 600], JPEG_SCAN, JPEG_END].concat();
            assert_eq!(read_header(&picture), Err(ImageProblem::Damaged), "{length}");
        }
    }
}
