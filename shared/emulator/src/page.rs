//! The frame of the local stack's web pages.

use maud::{DOCTYPE, Markup, html};

/// The style that the pages have in common.
const STYLE: &str = "\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f3f4f6;color:#1b1f24;font:1rem/1.5 system-ui,sans-serif}\
h1{font-size:1.375rem}";

/// Returns an HTML document with a title, rules of CSS of its own, and a content.
pub fn html_page(title: &str, style: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (STYLE) (style) }
            }
            body { main { (content) } }
        }
    };
    page.into_string()
}
