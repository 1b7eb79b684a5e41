//! Values of variables.

/// The value of a variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Text(String),
    /// Seconds since the Unix epoch; shown as a number, or as `#{t:…}` asks.
    Time(i64),
}

impl Value {
    pub(super) fn to_text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Time(secs) => secs.to_string(),
        }
    }
}
