//! Names of options as users write them: abbreviations, other spellings, `name[index]`.

use super::array_key::ArrayKey;
use super::table;

/// A name that was looked up in the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OptionName {
    /// The name in the table, or that of a user option with its `@`.
    pub name: String,
    pub index: Option<ArrayKey>,
}

impl OptionName {
    pub(crate) fn is_user(&self) -> bool {
        self.name.starts_with('@')
    }
}

/// Reason why a name was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NameError {
    Ambiguous,
    Invalid,
}

impl NameError {
    /// The message of `set-option` and `show-options`.
    pub(crate) fn message(self, argument: &str) -> String {
        match self {
            NameError::Ambiguous => format!("ambiguous option: {argument}"),
            NameError::Invalid => format!("invalid option: {argument}"),
        }
    }
}

/// Splits `name[index]` or `name[key]`. The name is not looked up; `None` if the brackets are wrong.
pub(crate) fn split_index(text: &str) -> Option<(&str, Option<ArrayKey>)> {
    if text.is_empty() {
        return None;
    }
    let Some((name, rest)) = text.split_once('[') else {
        return Some((text, None));
    };
    let inside = rest.strip_suffix(']').filter(|inside| !inside.contains(']') && !inside.is_empty())?;
    let key = match number(inside) {
        Some(number) => ArrayKey::Number(number),
        None if inside.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        None => ArrayKey::Name(inside.into()),
    };
    Some((name, Some(key)))
}

/// Parses an index like tmux 3.7c.
fn number(inside: &str) -> Option<u32> {
    if !inside.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = inside.trim_start();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    // tmux: uses `%d`: a number that is too large for a `long` becomes the largest one, of which the
    // lower half is used.
    let index = digits[..end].parse().unwrap_or(i64::MAX) as i32;
    u32::try_from(index).ok()
}

/// Looks up a name, an abbreviation that fits only one of tmux's options, or a user option.
pub(crate) fn parse_name(text: &str) -> Result<OptionName, NameError> {
    // tmux: reports invalid names as ambiguous.
    let (name, index) = split_index(text).ok_or(NameError::Ambiguous)?;
    // tmux: 3.7c has only numbers as keys; its main branch has names for arrays.
    let named = index.as_ref().is_some_and(|key| matches!(key, ArrayKey::Name(_)));
    if name.starts_with('@') && !named {
        return Ok(OptionName { name: name.to_string(), index });
    }
    let name = table::canonical(name);
    let mut found: Option<&str> = None;
    for entry in table::all() {
        if entry.name == name {
            found = Some(entry.name);
            break;
        }
        if !entry.ours && entry.name.starts_with(name) {
            if found.is_some() {
                return Err(NameError::Ambiguous);
            }
            found = Some(entry.name);
        }
    }
    if named && !found.and_then(table::find).is_some_and(|entry| entry.is_array()) {
        return Err(NameError::Ambiguous);
    }
    let name = found.ok_or(NameError::Invalid)?.to_string();
    Ok(OptionName { name, index })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indexes() {
        let check = |text: &str, expect: Result<(&str, Option<u32>), NameError>| {
            let parsed = parse_name(text);
            let got = parsed.as_ref().map(|name| (name.name.as_str(), name.index.clone())).map_err(|e| *e);
            let expect = expect.map(|(name, number)| (name, number.map(ArrayKey::Number)));
            assert_eq!(got, expect, "{text:?}");
        };
        check("status-left", Ok(("status-left", None)));
        check("status-le", Err(NameError::Ambiguous));
        check("status", Ok(("status", None)));
        check("mous", Ok(("mouse", None)));
        check("user-keys[3]", Ok(("user-keys", Some(3))));
        check("user-keys[]", Err(NameError::Ambiguous));
        check("status[x]", Err(NameError::Ambiguous));
        check("@user[x]", Err(NameError::Ambiguous));
        check("nosuch[x]", Err(NameError::Ambiguous));
        check("user-keys[4294967295]", Err(NameError::Ambiguous));
        check("user-keys[1]x", Err(NameError::Ambiguous));
        for key in ["x", "-1", "a b", "12x", "x1"] {
            let name = parse_name(&format!("user-keys[{key}]")).unwrap();
            assert_eq!(name.index, Some(ArrayKey::Name(key.into())));
        }
        check("@a", Ok(("@a", None)));
        check("clock-mode-color", Ok(("clock-mode-colour", None)));
        check("nosuch", Err(NameError::Invalid));
        check("pane-kill-sc", Err(NameError::Invalid));
        check("pane-kill-scope", Ok(("pane-kill-scope", None)));
        check("history-l", Ok(("history-limit", None)));
    }
}
