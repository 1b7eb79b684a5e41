//! The rows of the tables of variables, and values for them.

use crate::format::objects::Objects;
use crate::format::value::Value;

pub(super) type Getter = fn(&Objects<'_>) -> Option<Value>;
pub(super) type Table = &'static [(&'static str, Getter)];

pub(super) fn text(value: impl ToString) -> Option<Value> {
    Some(Value::Text(value.to_string()))
}

pub(super) fn flag(value: bool) -> Option<Value> {
    text(u8::from(value))
}

/// Names joined by commas; `None` when there are none.
pub(super) fn list(names: impl Iterator<Item = String>) -> Option<Value> {
    let joined = names.collect::<Vec<_>>().join(",");
    (!joined.is_empty()).then_some(Value::Text(joined))
}
