//! Texts quoted for shells: `#{q:…}` and `#{q/s:…}`.

/// Quotes in single quotes, for a shell.
pub(super) fn quote_single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Puts a backslash before each character that is special for a shell.
pub(super) fn quote_shell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "|&;<>()$`\\\"'*?[# =%".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
