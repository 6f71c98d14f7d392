//! The pages that people see: consent, and what went wrong.
//!
//! They have no script. Their style is named by its hash in the policy, so that nothing else can be added to them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use padron_domain::{Error, OauthApp, Scope, Scopes};
use padron_http::{
    Output, Request, Response,
    openapi::{Operation, Schemas},
};
use ring::digest::{SHA256, digest};

use crate::session::Choice;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Returns the first of English and Spanish in the header `Accept-Language` (RFC 9110 §12.5.4), whose weights are ignored.
    pub(crate) fn preferred(header: Option<&str>) -> Self {
        let tags = header.into_iter().flat_map(|header| header.split(','));
        let language = |tag: &str| match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            _ => None,
        };
        tags.filter_map(language).next().unwrap_or(Self::English)
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Returns the text in this language.
    const fn pick(self, english: &'static str, spanish: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Spanish => spanish,
        }
    }

    /// Returns what a scope allows, in a few words.
    pub(crate) const fn scope(self, scope: Scope) -> &'static str {
        match self {
            Self::English => scope.description(),
            Self::Spanish => match scope {
                Scope::ReadUser => "Ver usuarios",
                Scope::WriteUser => "Aceptar y rechazar invitaciones",
                Scope::ReadOrganization => "Ver la organización",
                Scope::WriteOrganization => "Cambiar la cuenta y los ajustes de la organización",
                Scope::ReadMembers => "Ver miembros e invitaciones",
                Scope::WriteMembers => "Cambiar miembros e invitaciones",
                Scope::ReadCustomers => "Ver clientes",
                Scope::WriteCustomers => "Cambiar clientes",
                Scope::ReadWebhooks => "Ver webhooks",
                Scope::WriteWebhooks => "Cambiar webhooks",
                Scope::ReadApiKeys => "Ver claves de API, sin sus secretos",
                Scope::WriteApiKeys => "Crear, cambiar y revocar claves de API",
                Scope::ReadOauthApps => "Ver aplicaciones OAuth, sin sus secretos",
                Scope::WriteOauthApps => "Crear, cambiar y borrar aplicaciones OAuth, y revocar sus tokens",
                Scope::ReadEvents => "Ver el registro de actividad",
                Scope::AdminOrganization => "Todo en la organización, incluso borrarla y transferirla",
                Scope::AdminAll => "Todo",
            },
        }
    }
}

/// What went wrong, for a page that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The client or the redirect URI is not known.
    UnknownClient,
    /// The request has expired, or belongs to another session.
    Expired,
    /// The user could not be signed in.
    SignIn,
    /// The user is not a member of the app's organization.
    NotAMember,
    /// The user is not a member of any organization.
    NoOrganization,
    /// The user is not a member of the organization that they have chosen, or it is deleted.
    NotChoosable,
    /// The user has signed out.
    SignedOut,
}

impl Trouble {
    const fn status(self) -> u16 {
        match self {
            Self::UnknownClient | Self::Expired | Self::SignIn => 400,
            Self::NotAMember | Self::NoOrganization | Self::NotChoosable => 403,
            Self::SignedOut => 200,
        }
    }

    const fn texts(self, language: Language) -> (&'static str, &'static str) {
        match self {
            Self::UnknownClient => (
                language.pick("This link is not valid", "Este enlace no es válido"),
                language.pick(
                    "The app that sent you here is not known, or asks to be answered at an address that it has not registered. Nothing was allowed.",
                    "La aplicación que le envió aquí no se conoce, o pide la respuesta en una dirección que no ha registrado. No se permitió nada.",
                ),
            ),
            Self::Expired => (
                language.pick("This page has expired", "Esta página ha caducado"),
                language.pick(
                    "Go back to the app and start again.",
                    "Vuelva a la aplicación y empiece de nuevo.",
                ),
            ),
            Self::SignIn => (
                language.pick("You could not be signed in", "No se pudo iniciar la sesión"),
                language.pick(
                    "Go back to the app and start again. If this happens every time, tell whoever operates this service.",
                    "Vuelva a la aplicación y empiece de nuevo. Si ocurre siempre, avise a quien opera este servicio.",
                ),
            ),
            Self::NotAMember => (
                language.pick("You are not a member", "Usted no es miembro"),
                language.pick(
                    "The app belongs to an organization of which you are not a member. Ask an admin to invite you, or sign in as someone else.",
                    "La aplicación pertenece a una organización de la que usted no es miembro. Pida una invitación, o inicie la sesión con otra cuenta.",
                ),
            ),
            Self::NoOrganization => (
                language.pick("You belong to no organization", "Usted no pertenece a ninguna organización"),
                language.pick(
                    "An app acts for you in one of your organizations. Create one, ask to be invited to one, or sign in as someone else.",
                    "Una aplicación actúa en su nombre en una de sus organizaciones. Cree una, pida una invitación, o inicie la sesión con otra cuenta.",
                ),
            ),
            Self::NotChoosable => (
                language.pick("You cannot choose this organization", "No puede elegir esta organización"),
                language.pick(
                    "You are no longer a member of it, or it was deleted. Go back and choose another one, or sign in as someone else.",
                    "Usted ya no es miembro, o se ha borrado. Vuelva y elija otra, o inicie la sesión con otra cuenta.",
                ),
            ),
            Self::SignedOut => (
                language.pick("You have signed out", "Ha cerrado la sesión"),
                language.pick("You can close this page.", "Puede cerrar esta página."),
            ),
        }
    }

    /// Returns the page.
    pub(crate) fn page(self, language: Language) -> Response {
        let (title, text) = self.texts(language);
        respond(self.status(), language, title, &html! { h1 { (title) } p { (text) } })
    }

    /// Returns the page for users who are signed in, and may sign in as somebody else.
    pub(crate) fn page_with_sign_out(self, language: Language, request: &str, form_token: &str) -> Response {
        let (title, text) = self.texts(language);
        let body = html! { h1 { (title) } p { (text) } (sign_out(language, request, form_token)) };
        respond(self.status(), language, title, &body)
    }
}

/// What the consent page shows.
pub(crate) struct Consent<'a> {
    pub(crate) app: &'a OauthApp,
    /// The host, or the scheme, that the answer is sent to.
    pub(crate) destination: &'a str,
    /// Whether the answer is sent to an app on the user's device.
    pub(crate) is_on_this_device: bool,
    /// The name or the e-mail address of the user.
    pub(crate) user: &'a str,
    /// The organizations among which the user chooses: the app's own, or for a dynamic client those of the user.
    pub(crate) choice: &'a Choice,
    pub(crate) scopes: Scopes,
    /// The sealed request, and the token that proves that the form is of this page.
    pub(crate) request: &'a str,
    pub(crate) form_token: &'a str,
}

/// The name of the field of a scope in the form.
pub(crate) const SCOPE_FIELD: &str = "scope:";
/// The name of the field of the organization in the form, if the user chooses it.
pub(crate) const ORGANIZATION_FIELD: &str = "organization";

impl Consent<'_> {
    /// Returns the page.
    pub(crate) fn page(&self, language: Language) -> Response {
        let Self { app, destination, user, choice, scopes, request, form_token, .. } = *self;
        let title = language.pick("Allow access?", "¿Permitir el acceso?");
        // The app of an organization has that one only.
        let own = choice.organizations.first().filter(|_| !app.is_dynamic());
        let body = html! {
            @if let Some(organization) = own {
                h1 { (language.pick("Allow ", "¿Permitir el acceso a ")) strong { (app.name) } (language.pick(" to access ", " a ")) strong { (organization.name) } "?" }
            } @else {
                h1 { (language.pick("Allow ", "¿Permitir que ")) strong { (app.name) } (language.pick(" to act for you?", " actúe en su nombre?")) }
                (self.warning(language))
            }
            @if let Some(description) = &app.description { p { (description) } }
            dl {
                dt { (language.pick("Signed in as", "Sesión de")) } dd { (user) }
                @if let Some(organization) = own {
                    dt { (language.pick("Organization", "Organización")) } dd { (organization.name) }
                }
                @if let Some(document) = &app.document {
                    dt { (language.pick("Described at", "Descrita en")) } dd { (document.url) }
                }
                dt { (language.pick("Sends you back to", "Le devuelve a")) } dd { (destination) }
            }
            form method="post" {
                input type="hidden" name="request" value=(request);
                input type="hidden" name="form_token" value=(form_token);
                @if own.is_none() { (self.choice(language)) }
                fieldset {
                    legend { (language.pick("The app may, for you and never beyond your own role:", "La aplicación podrá, en su nombre y nunca más allá de su propio rol:")) }
                    @for scope in scopes.iter() {
                        label {
                            input type="checkbox" name=(format!("{SCOPE_FIELD}{}", scope.name())) value="on" checked[!starts_unticked(scope)];
                            span { (language.scope(scope)) small { (scope.name()) } }
                        }
                    }
                }
                p.hint { (language.pick("Untick what you do not want to allow. You can take it back at any time.", "Desmarque lo que no quiera permitir. Puede retirarlo en cualquier momento.")) }
                div.buttons {
                    button.primary type="submit" name="action" value="allow" { (language.pick("Allow", "Permitir")) }
                    button type="submit" name="action" value="deny" formnovalidate { (language.pick("Deny", "Rechazar")) }
                }
            }
            (sign_out(language, request, form_token))
        };
        respond(200, language, title, &body)
    }

    /// Returns what the user must know of an app that nobody has verified.
    fn warning(&self, language: Language) -> Markup {
        html! {
            p.warning {
                strong { (language.pick("Not verified. ", "Sin verificar. ")) }
                (language.pick(
                    "Anyone can give an app this name. Allow it only if you have just started this yourself, and trust what it sends you back to: ",
                    "Cualquiera puede dar este nombre a una aplicación. Permítalo solo si usted mismo acaba de iniciarlo y confía en el destino: ",
                ))
                strong { (self.destination) }
                @if self.is_on_this_device { (language.pick(", an app on this device", ", una aplicación de este equipo")) }
                "."
            }
        }
    }

    /// Returns the field in which the user chooses an organization. If there is only one, it is chosen.
    fn choice(&self, language: Language) -> Markup {
        let Choice { organizations, has_more } = self.choice;
        html! {
            label.choice {
                span { (language.pick("Organization in which the app may act", "Organización en la que podrá actuar")) }
                select name=(ORGANIZATION_FIELD) required {
                    @if organizations.len() > 1 { option value="" { (language.pick("Choose one", "Elija una")) } }
                    @for organization in organizations {
                        option value=(organization.id) { (organization.name) " (" (organization.slug) ")" }
                    }
                }
            }
            @if *has_more {
                p.hint { (language.pick("You have more organizations than are listed here.", "Tiene más organizaciones de las que se muestran aquí.")) }
            }
        }
    }
}

/// Returns the form with which users sign out, and sign in as somebody else.
fn sign_out(language: Language, request: &str, form_token: &str) -> Markup {
    html! {
        form.quiet method="post" action="sign-out" {
            input type="hidden" name="form_token" value=(form_token);
            input type="hidden" name="request" value=(request);
            button.link type="submit" { (language.pick("Not you? Sign in as someone else", "¿No es usted? Inicie la sesión con otra cuenta")) }
        }
    }
}

/// Returns whether the box of a scope is empty at first.
const fn starts_unticked(scope: Scope) -> bool {
    matches!(scope, Scope::AdminOrganization | Scope::AdminAll)
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--back:#f3f4f6;--line:#d5d9de;--quiet:#59636e;--accent:#0b5cad;--on-accent:#fff;--warn:#9a6700}\
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--paper:#1d2126;--back:#121417;--line:#3a414a;--quiet:#9aa4af;--accent:#7db5f0;--on-accent:#0d1117;--warn:#d4a72c}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--back);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}\
h1{font-size:1.375rem;line-height:1.3;font-weight:500;margin:0 0 1rem;overflow-wrap:anywhere}\
h1 strong{font-weight:700}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0 0 1rem;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem}\
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere;font-weight:600}\
fieldset{border:0;padding:0;margin:0 0 .5rem}legend{padding:0;margin:0 0 .5rem}\
label{display:flex;gap:.75rem;align-items:flex-start;padding:.5rem 0;border-top:1px solid var(--line)}\
label input{width:1.125rem;height:1.125rem;margin:.2rem 0 0;flex:none;accent-color:var(--accent)}\
small{display:block;color:var(--quiet);font:.8125rem ui-monospace,monospace}\
.warning{padding:.75rem 1rem;border:1px solid var(--warn);border-left-width:.35rem;border-radius:.5rem}\
.choice{display:block;border:0;padding:0;margin:0 0 1rem}.choice span{display:block;margin:0 0 .25rem}\
select{font:inherit;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:inherit}\
.hint{color:var(--quiet);font-size:.875rem}\
.buttons{display:flex;gap:.75rem;flex-wrap:wrap}\
button{font:inherit;padding:.6rem 1.25rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:inherit;cursor:pointer;flex:1 1 8rem}\
button.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:600}\
button:focus-visible,input:focus-visible,select:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
.quiet{margin:1rem 0 0;text-align:center}\
button.link{border:0;padding:.25rem;color:var(--quiet);text-decoration:underline;flex:none}";

/// Returns a page with the headers that keep others from changing, framing or keeping it.
fn respond(status: u16, language: Language, title: &str, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    // No `form-action`: Chromium applies it to the redirections that follow, which lead to the app.
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'");
    Response::text(status, "text/html; charset=utf-8", page.into_string())
        .header("content-security-policy", policy)
        .header("x-frame-options", "DENY".into())
        // With `no-referrer`, the header `Origin` of the form would be `null`.
        .header("referrer-policy", "same-origin".into())
        .header("content-language", language.tag().into())
}

/// A page, or the way to one.
#[derive(Debug)]
pub struct Page(pub(crate) Response);

impl Output for Page {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Ok(self.0)
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        for status in ["200", "302", "303"] {
            operation.succeeds(status, None);
        }
        // 400 and 403 are pages that the handler writes itself.
        for status in ["400", "403"] {
            operation.succeeds(status, None);
        }
        for status in ["200", "400", "403"] {
            operation.content(status, "text/html");
        }
        operation.fails_with_pages();
        operation.response_header("Location", "Where the browser goes next");
    }
}

/// Returns a redirection (RFC 9110 §15.4): with status 302 after a `GET`, and with 303 after a `POST`.
pub(crate) fn redirect(status: u16, location: String) -> Response {
    Response::empty(status).header("location", location)
}
