//! The URLs that requests may be sent to.

use std::fmt;

use url::{Host, SyntaxViolation, Url};

/// Which URLs are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Targets {
    /// `https` URLs with the name of a host, whose addresses are all public.
    #[default]
    Public,
    /// Also `http` URLs, any port, and addresses of the loopback interface, for a local stack.
    Local,
}

impl Targets {
    /// Returns the targets of an installation, which may be a local stack.
    pub const fn of(is_local: bool) -> Self {
        if is_local { Self::Local } else { Self::Public }
    }
}

/// A URL that requests may be sent to, as far as the URL tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: String,
    port: u16,
}

/// The reason why a URL is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetProblem {
    /// The text is not a URL, or parsers disagree about it.
    InvalidFormat,
    /// The scheme is not `https`.
    NotHttps,
    /// The URL contains a user name or a password.
    HasCredentials,
    /// The URL contains a fragment, which is never sent.
    HasFragment,
    /// The host is an address and not a name.
    IpLiteral,
    /// The port is neither 443 nor 8443.
    PortNotAllowed,
    /// The host has an address that is not public, or a name that is reserved for such hosts.
    NotPublic,
}

impl TargetProblem {
    /// Returns the code of the violation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidFormat => "invalid_format",
            Self::NotHttps => "not_https",
            Self::HasCredentials => "has_credentials",
            Self::HasFragment => "has_fragment",
            Self::IpLiteral => "ip_literal",
            Self::PortNotAllowed => "port_not_allowed",
            Self::NotPublic => "not_public",
        }
    }

    /// Returns what the caller can do.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::InvalidFormat => {
                "An absolute https URL of at most 2,048 bytes, such as https://example.com/hook."
            }
            Self::NotHttps => "The scheme is https.",
            Self::HasCredentials => "Leave out user name and password. Requests are signed.",
            Self::HasFragment => "Leave out the part after #. It is never sent.",
            Self::IpLiteral => "Name the host. Its certificate is verified against the name.",
            Self::PortNotAllowed => "The port is 443 or 8443.",
            Self::NotPublic => "All addresses of the host are public.",
        }
    }
}

/// The maximum length of a URL, in bytes.
const MAX_LENGTH: usize = 2048;
/// The maximum length of a host name, in bytes (RFC 1035 §2.3.4).
const MAX_HOST_LENGTH: usize = 253;
/// The ports of https.
const PORTS: [u16; 2] = [443, 8443];
/// The top-level names of hosts that are never on the Internet (RFC 6761, RFC 6762, and ICANN's `internal`).
const LOCAL_NAMES: [&str; 3] = ["localhost", "local", "internal"];

impl Target {
    /// Parses a URL by the WHATWG URL Standard. Its host is resolved only when a request is sent.
    pub fn parse(text: &str, targets: Targets) -> Result<Self, TargetProblem> {
        if text.len() > MAX_LENGTH {
            return Err(TargetProblem::InvalidFormat);
        }
        let is_ambiguous = std::cell::Cell::new(false);
        let note = |violation| {
            let is_harmless = matches!(
                violation,
                SyntaxViolation::NonUrlCodePoint
                    | SyntaxViolation::EmbeddedCredentials
                    | SyntaxViolation::UnencodedAtSign
                    | SyntaxViolation::PercentDecode
            );
            is_ambiguous.set(is_ambiguous.get() || !is_harmless);
        };
        let url = Url::options().syntax_violation_callback(Some(&note)).parse(text);
        let url = url.map_err(|_| TargetProblem::InvalidFormat)?;
        let is_local = targets == Targets::Local;
        if url.scheme() != "https" && !(is_local && url.scheme() == "http") {
            return Err(TargetProblem::NotHttps);
        }
        // The parser drops empty user information.
        let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
        let authority = authority.filter(|authority| !authority.is_empty() && !is_ambiguous.get());
        if authority.ok_or(TargetProblem::InvalidFormat)?.contains('@') {
            return Err(TargetProblem::HasCredentials);
        }
        if url.fragment().is_some() {
            return Err(TargetProblem::HasFragment);
        }
        let port = url.port_or_known_default().ok_or(TargetProblem::PortNotAllowed)?;
        let host = match url.host().ok_or(TargetProblem::InvalidFormat)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) if is_local && address.is_loopback() => address.to_string(),
            Host::Ipv6(address) if is_local && address.is_loopback() => address.to_string(),
            Host::Ipv4(_) | Host::Ipv6(_) => return Err(TargetProblem::IpLiteral),
        };
        if !is_local && !PORTS.contains(&port) {
            return Err(TargetProblem::PortNotAllowed);
        }
        let name = host.trim_end_matches('.');
        if host.len() > MAX_HOST_LENGTH || name.is_empty() {
            return Err(TargetProblem::InvalidFormat);
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        // A name without a dot is one of the local network.
        if !is_local && (LOCAL_NAMES.contains(&last) || !name.contains('.')) {
            return Err(TargetProblem::NotPublic);
        }
        Ok(Self { host: host.clone(), port, url })
    }

    /// Returns the URL in its serialized form.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the name of the host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Omits path and query, which may contain secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<TargetProblem> {
        Target::parse(text, Targets::Public).err()
    }

    #[test]
    fn https_urls_of_named_hosts_are_accepted() {
        for (text, host, port) in [
            ("https://hooks.acme.mx/padron", "hooks.acme.mx", 443),
            ("HTTPS://Hooks.Acme.MX:443", "hooks.acme.mx", 443),
            ("https://hooks.acme.mx:8443/a?b=c@d", "hooks.acme.mx", 8443),
            ("https://hooks.acme.mx./", "hooks.acme.mx.", 443),
            ("https://peña.mx/ñ", "xn--pea-8ma.mx", 443),
        ] {
            let target = Target::parse(text, Targets::Public).unwrap();
            assert_eq!((target.host(), target.port()), (host, port), "{text}");
        }
    }

    #[test]
    fn other_urls_are_refused_with_their_reason() {
        use TargetProblem::*;
        for (text, expected) in [
            ("", InvalidFormat),
            ("hooks.acme.mx", InvalidFormat),
            ("//hooks.acme.mx", InvalidFormat),
            ("https://", InvalidFormat),
            ("https:hooks.acme.mx", InvalidFormat),
            ("https:/hooks.acme.mx", InvalidFormat),
            ("https:///hooks.acme.mx", InvalidFormat),
            ("https:\\\\hooks.acme.mx", InvalidFormat),
            ("https://hooks.acme.mx\\@127.0.0.1/", InvalidFormat),
            ("https://hooks.acme.mx/a\tb", InvalidFormat),
            ("https://hooks .acme.mx/", InvalidFormat),
            ("https://hooks.acme.mx:99999/", InvalidFormat),
            ("https://./", InvalidFormat),
            ("http://hooks.acme.mx/", NotHttps),
            ("ftp://hooks.acme.mx/", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("javascript:alert(1)", NotHttps),
            ("https://user@hooks.acme.mx/", HasCredentials),
            ("https://user:password@hooks.acme.mx/", HasCredentials),
            ("https://@hooks.acme.mx/", HasCredentials),
            ("https://hooks.acme.mx@127.0.0.1/", HasCredentials),
            ("https://hooks.acme.mx/#a", HasFragment),
            ("https://hooks.acme.mx/#", HasFragment),
            ("https://8.8.8.8/", IpLiteral),
            ("https://127.0.0.1/", IpLiteral),
            ("https://127.1/", IpLiteral),
            ("https://2130706433/", IpLiteral),
            ("https://0x7f000001/", IpLiteral),
            ("https://0x7f.0.0.1/", IpLiteral),
            ("https://0177.0.0.1/", IpLiteral),
            ("https://127.0.0.1./", IpLiteral),
            ("https://１２７.0.0.1/", IpLiteral),
            ("https://[::1]/", IpLiteral),
            ("https://[::ffff:7f00:1]/", IpLiteral),
            ("https://[2606:4700:4700::1111]/", IpLiteral),
            ("https://hooks.acme.mx:80/", PortNotAllowed),
            ("https://hooks.acme.mx:9001/", PortNotAllowed),
            ("https://localhost/", NotPublic),
            ("https://localhost./", NotPublic),
            ("https://LOCALHOST/", NotPublic),
            ("https://a.localhost/", NotPublic),
            ("https://printer.local/", NotPublic),
            ("https://metadata.google.internal/", NotPublic),
            ("https://intranet/", NotPublic),
        ] {
            assert_eq!(problem(text), Some(expected), "{text}");
        }
        assert_eq!(problem(&format!("https://hooks.acme.mx/{}", "a".repeat(2048))), Some(InvalidFormat));
        let long = format!("https://{}acme.mx/", "a.".repeat(130));
        assert_eq!(problem(&long), Some(InvalidFormat));
    }

    #[test]
    fn a_local_stack_accepts_http_and_its_own_machine() {
        for text in [
            "http://localhost:4000/hook",
            "http://127.0.0.1:4000/",
            "http://[::1]:4000/",
            "https://localhost/",
        ] {
            assert!(Target::parse(text, Targets::Local).is_ok(), "{text}");
        }
        assert_eq!(Target::parse("http://10.0.0.1/", Targets::Local), Err(TargetProblem::IpLiteral));
    }
}
