//! The evaluator: gives the tree of a format its value for some objects. Styles (`#[…]`) are left for
//! drawing.
//!
//! Formats contain formats, so everything that expands an operand is in this file; what is then done with
//! the values is in files that know nothing of it.

use std::borrow::Cow;

use crate::syntax::format::{
    Body, Form, Format, Kind, MAX_TEXT, Operands, Over, Pair, Part, Piece, Pieces, Replacement,
};
use crate::sys::time::strftime;

use super::loops::Loop;
use super::objects::Objects;
use super::operators::{self, Expression, flag, is_true};
use super::plan::{self, Flags, Modifier, Plan, has, number};
use super::run::Run;
use super::vars::screen;
use super::width::{pad, trim_left, trim_right, width};
use super::{jobs, lookup, tables, terminals};

/// Maximum depth of formats inside formats; deeper ones are empty. (tmux 3.7c's limit)
const MAX_DEPTH: u32 = 100;

/// Maximum number of repetitions of `#{R:…}`.
const MAX_REPEAT: i64 = 10_000;

/// The text of an invalid replacement: nothing, and the expansion ends there.
struct Invalid;

/// Evaluates formats for some objects. Loops make an evaluator for each turn.
pub(super) struct Evaluator<'s, 'a> {
    objects: &'s Objects<'a>,
    run: &'s Run<'a>,
    depth: u32,
    /// Pass text through `strftime`.
    time: bool,
    /// Replace `#()` by nothing.
    no_jobs: bool,
}

impl<'s, 'a> Evaluator<'s, 'a> {
    pub(super) fn new(objects: &'s Objects<'a>, run: &'s Run<'a>, time: bool) -> Self {
        Self { objects, run, depth: 0, time, no_jobs: false }
    }

    /// A copy for other objects, at the same depth.
    fn with<'t>(&self, objects: &'t Objects<'a>) -> Evaluator<'t, 'a>
    where
        's: 't,
    {
        Evaluator { objects, run: self.run, depth: self.depth, time: self.time, no_jobs: self.no_jobs }
    }

    fn spend(&self, bytes: usize) -> bool {
        self.run.spend(bytes, self.depth)
    }

    fn log(&self, text: impl FnOnce() -> String) {
        self.run.log(self.depth, text);
    }

    /// Expands a text, whose tree is found in the cache or read.
    pub(super) fn expand_text(&mut self, text: &str) -> String {
        if text.contains('#') {
            return self.enter(text, text.contains('%'), |me, out| me.walk_text(text, out));
        }
        self.enter(text, text.contains('%'), |_, out| out.push_str(text))
    }

    /// Expands a format.
    fn expand<'f>(&mut self, format: &'f Format) -> Cow<'f, str> {
        let text = &*format.text;
        match &format.body {
            Body::Plain if self.run.is_silent() && !(self.time && format.has_times) => {
                if text.is_empty() || !self.spend(text.len()) || self.depth == MAX_DEPTH {
                    return Cow::Borrowed("");
                }
                Cow::Borrowed(text)
            }
            Body::Plain => self.enter(text, format.has_times, |_, out| out.push_str(text)).into(),
            Body::Pieces(pieces) => self.enter(text, format.has_times, |me, out| me.walk(pieces, out)).into(),
            Body::Unread => self.enter(text, format.has_times, |me, out| me.walk_text(text, out)).into(),
        }
    }

    /// Does what is common to all expansions of a text, with `body` for what is in it.
    fn enter(&mut self, text: &str, has_times: bool, body: impl FnOnce(&mut Self, &mut String)) -> String {
        let mut out = String::new();
        if text.is_empty() || !self.spend(text.len()) {
            return out;
        }
        if self.depth == MAX_DEPTH {
            self.log(|| format!("reached loop limit ({MAX_DEPTH})"));
            return out;
        }
        self.depth += 1;
        self.log(|| format!("expanding format: {text}"));
        let timed = (self.time && has_times).then(|| strftime(text, self.objects.now().secs()));
        match timed {
            Some(timed) if timed.is_empty() => {
                // tmux: leaves the depth increased here.
                self.log(|| "format is too long".to_owned());
                return out;
            }
            Some(timed) if timed != text => {
                self.log(|| format!("after time expanded: {timed}"));
                out.reserve(timed.len());
                self.walk_text(&timed, &mut out);
            }
            _ => {
                out.reserve(text.len());
                body(self, &mut out);
            }
        }
        self.log(|| format!("result is: {out}"));
        self.depth -= 1;
        out
    }

    /// Adds the value of a text.
    fn walk_text(&mut self, text: &str, out: &mut String) {
        if !text.contains('#') {
            return out.push_str(text);
        }
        if text.len() <= MAX_TEXT {
            let format = self.objects.server().parsed_formats.lock().get(text);
            if let Body::Pieces(pieces) = &format.body {
                self.walk(pieces, out);
            }
            return;
        }
        for piece in Pieces::new(Part::new(text)) {
            if self.piece(&piece, out).is_err() {
                return;
            }
        }
    }

    /// Adds the values of pieces, up to one that is invalid.
    fn walk(&mut self, pieces: &[Piece], out: &mut String) {
        for piece in pieces {
            if self.piece(piece, out).is_err() {
                return;
            }
        }
    }

    fn piece(&mut self, piece: &Piece, out: &mut String) -> Result<(), Invalid> {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Escaped(c) => {
                self.log(|| format!("found #{c}"));
                out.push(*c);
            }
            Piece::Style(start) => {
                self.log(|| format!("found #*{}[", start.len() - 1));
                out.push_str(start);
            }
            Piece::Job(command) => out.push_str(&self.job(command)),
            Piece::Alias(letter, variable) => {
                self.log(|| format!("found #{letter}: {}", &*variable.key));
                out.push_str(&self.replace(variable)?);
            }
            Piece::Replace(replacement) => {
                self.log(|| format!("found #{{}}: {}", &*replacement.key));
                out.push_str(&self.replace(replacement)?);
            }
        }
        Ok(())
    }

    fn job(&mut self, command: &Format) -> String {
        self.log(|| format!("found #(): {}", &*command.text));
        if self.no_jobs || !self.objects.runs_jobs() {
            self.log(|| "#() is disabled".to_owned());
            return String::new();
        }
        let mut inner = Evaluator { no_jobs: true, time: false, ..self.with(self.objects) };
        let expanded = inner.expand(command);
        let output = jobs::output(self.objects, &command.text, &expanded);
        let result = inner.expand_text(&output);
        self.log(|| format!("#() result: {result}"));
        result
    }

    /// The value of `#{…}`.
    fn replace<'f>(&mut self, replacement: &'f Replacement) -> Result<Cow<'f, str>, Invalid> {
        for arg in &replacement.discarded {
            self.expand(arg);
        }
        let list: Vec<Modifier<'_>> = replacement.modifiers.iter().map(|m| self.modifier(m)).collect();
        self.log_modifiers(&list);
        let plan = Plan::new(&list);
        let Ok(mut value) = self.form(&plan, &replacement.form) else {
            self.log(|| format!("failed {}", &*replacement.key));
            return Err(Invalid);
        };
        if !list.is_empty() {
            value = self.finish(&plan, value.into_owned()).into();
        }
        self.log(|| format!("replaced '{}' with '{value}'", &*replacement.key));
        // Counts as work, but the value is kept even if the limit is reached.
        self.spend(value.len());
        Ok(value)
    }

    fn modifier<'f>(&mut self, modifier: &'f crate::syntax::format::Modifier<Format>) -> Modifier<'f> {
        let args = modifier.args.iter().map(|arg| self.expand(arg)).collect();
        Modifier { kind: modifier.kind, name: modifier.name, args }
    }

    fn log_modifiers(&self, list: &[Modifier<'_>]) {
        for (number, modifier) in list.iter().enumerate() {
            self.log(|| format!("modifier {number} is {}", modifier.name));
            for (index, arg) in modifier.args.iter().enumerate() {
                self.log(|| format!("modifier {number} argument {index}: {arg}"));
            }
        }
    }

    /// Applies the modifiers that change a complete value, in tmux's fixed order.
    fn finish(&mut self, plan: &Plan<'_>, mut value: String) -> String {
        if plan.flags.contains(Flags::EXPAND) {
            value = self.expand_text(&value);
        } else if plan.flags.contains(Flags::EXPAND_TIME) {
            let mut timed = Evaluator { time: true, ..self.with(self.objects) };
            value = timed.expand_text(&value);
        }
        for modifier in &plan.substitutions {
            let pattern = self.expand_text(&modifier.args[0]);
            let with = self.expand_text(&modifier.args[1]);
            let spend = |bytes| self.spend(bytes);
            if let Some(new) = operators::substitute(modifier, &value, &pattern, &with, spend) {
                value = new;
            }
            self.log(|| format!("substitute '{pattern}' to '{with}': {value}"));
        }
        if plan.limit != 0 {
            value = trim(plan, value);
            self.log(|| format!("applied length limit {}: {value}", plan.limit));
        }
        if plan.pad != 0 {
            value = pad(value, plan.pad);
            self.log(|| format!("applied padding width {}: {value}", plan.pad));
        }
        if plan.flags.contains(Flags::LENGTH) {
            value = plan::byte_length(&value).to_string();
            self.log(|| format!("replacing with length: {value}"));
        }
        if plan.flags.contains(Flags::WIDTH) {
            value = width(&value).to_string();
            self.log(|| format!("replacing with width: {value}"));
        }
        value
    }
}

/// Cuts a value to the plan's limit, and adds the plan's marker if anything was cut.
fn trim(plan: &Plan<'_>, value: String) -> String {
    let columns = plan.limit.unsigned_abs() as u32;
    let from_left = plan.limit > 0;
    let cut = if from_left { trim_left(&value, columns) } else { trim_right(&value, columns) };
    match plan.marker {
        Some(marker) if cut != value => {
            if from_left {
                cut + marker
            } else {
                format!("{marker}{cut}")
            }
        }
        _ => cut,
    }
}

/// The forms.
impl Evaluator<'_, '_> {
    /// The value of a form, before it is trimmed and the like.
    fn form<'f>(&mut self, plan: &Plan<'_>, form: &'f Form) -> Result<Cow<'f, str>, Invalid> {
        Ok(match form {
            Form::Variable(name) => self.variable(plan, name).into(),
            Form::Choose(operands) => self.choose(plan, operands),
            Form::Compare(text, pair) => return self.compare(plan, text, pair),
            Form::Join { and, operands } => flag(self.join(*and, operands)).into(),
            Form::Not { twice, of } => flag(is_true(&self.expand(of)) == *twice).into(),
            Form::Inner(format) => {
                self.log(|| format!("expanding inner format '{}'", &*format.text));
                self.expand(format)
            }
            Form::Literal(text, value) => {
                self.log(|| format!("literal string is '{}'", &**text));
                Cow::Borrowed(value)
            }
            Form::Character(code) => {
                let code = number(&self.expand(code), 32, 126);
                code.map_or_else(String::new, |code| char::from(code as u8).to_string()).into()
            }
            Form::Colour(name) => self.colour(plan, name).into(),
            Form::Expression(pair) => self.expression(plan, pair).unwrap_or_default().into(),
            Form::Repeat(text, pair) => return self.repeat(text, pair).map(Cow::Owned),
            Form::Loop { over, each, current } => {
                return self.objects_loop(plan, *over, each, current.as_ref()).map(Cow::Owned);
            }
            Form::Named { name, otherwise } => return self.named(plan, name, otherwise.as_deref()),
            Form::Search(term) => self.search(plan, term).into(),
            Form::Options(body) => self.rows_loop(tables::options(self.objects, plan.letters), body).into(),
            Form::Environment(body) => {
                self.rows_loop(tables::environment(self.objects, plan.letters), body).into()
            }
            Form::Ask(name) => {
                let wanted = plan.client.expect("the form has this modifier");
                terminals::ask(self.objects, wanted, name).into()
            }
            Form::Frame(_) if self.no_jobs => Cow::Borrowed(""),
            Form::Frame(frames) => terminals::frame(self.objects, frames, plan.frame_time + 1).into(),
        })
    }

    fn variable(&mut self, plan: &Plan<'_>, name: &Part) -> String {
        let found = lookup::find(self.objects, name, plan.flags, plan.time_format.as_deref());
        match &found {
            Some(value) => self.log(|| format!("format '{}' found: {value}", &**name)),
            None => self.log(|| format!("format '{}' not found", &**name)),
        }
        found.unwrap_or_default()
    }

    /// `#{?condition,value,condition,value,…,otherwise}`.
    fn choose<'f>(&mut self, plan: &Plan<'_>, operands: &'f Operands) -> Cow<'f, str> {
        let branches = &*operands.text;
        let mut rest = operands.iter();
        loop {
            let condition = rest.next();
            let value = rest.next();
            let (condition, value) = match (condition, value) {
                (Some(condition), Some(value)) => (condition, value),
                (Some(otherwise), None) => {
                    self.log(|| format!("no condition matched in '{branches}'; using last arg"));
                    return self.expand_cow(otherwise);
                }
                (None, _) => {
                    self.log(|| format!("no condition matched in '{branches}'; using empty string"));
                    return Cow::Borrowed("");
                }
            };
            let text = &*condition.text;
            self.log(|| format!("condition is: {text}"));
            if self.condition_holds(plan, &condition) {
                self.log(|| format!("condition '{text}' is true"));
                return self.expand_cow(value);
            }
            self.log(|| format!("condition '{text}' is false"));
        }
    }

    /// Expands an operand that the tree may not hold.
    fn expand_cow<'f>(&mut self, format: Cow<'f, Format>) -> Cow<'f, str> {
        match format {
            Cow::Borrowed(format) => self.expand(format),
            Cow::Owned(format) => self.expand(&format).into_owned().into(),
        }
    }

    /// A condition is the name of a variable, else a format; a format that expands to itself is false.
    fn condition_holds(&mut self, plan: &Plan<'_>, condition: &Format) -> bool {
        let text = &*condition.text;
        if let Some(value) = lookup::find(self.objects, text, plan.flags, plan.time_format.as_deref()) {
            self.log(|| format!("condition '{text}' found: {value}"));
            return is_true(&value);
        }
        let value = self.expand(condition);
        if value == text {
            self.log(|| format!("condition '{text}' not found; assuming false"));
            return false;
        }
        is_true(&value)
    }

    fn compare(&mut self, plan: &Plan<'_>, text: &Part, pair: &Pair) -> Result<Cow<'static, str>, Invalid> {
        let modifier = plan.compare.expect("the form has this modifier");
        let name = modifier.name;
        let Some((left, right)) = pair.as_deref() else {
            self.log(|| format!("compare {name} syntax error: {}", &**text));
            return Err(Invalid);
        };
        let (left, right) = (self.expand(left), self.expand(right));
        self.log(|| format!("compare {name} left is: {left}"));
        self.log(|| format!("compare {name} right is: {right}"));
        if modifier.kind != Kind::Match {
            return Ok(flag(operators::compare(modifier.kind, &left, &right)).into());
        }
        // tmux: the main branch also has `z`, which returns 1 or 0; 3.7c treats it as a plain match.
        if has(modifier, 'p') {
            self.spend(left.len() * right.len());
            return Ok(operators::fuzzy_columns(&left, &right).into());
        }
        self.spend(left.len() + right.len());
        Ok(flag(operators::matches(modifier, &left, &right)).into())
    }

    /// `#{&&:…}` and `#{||:…}`; stops expanding operands when the result is known.
    fn join(&mut self, and: bool, operands: &Operands) -> bool {
        for operand in operands.iter() {
            let value = self.expand(&operand);
            self.log(|| format!("operator {} has operand: {value}", if and { "&&" } else { "||" }));
            if is_true(&value) != and {
                return !and;
            }
        }
        and
    }

    fn colour(&mut self, plan: &Plan<'_>, name: &Format) -> String {
        let name = self.expand(name);
        if plan.flags.intersects(Flags::ESCAPE_FG | Flags::ESCAPE_BG) {
            let is_background = plan.flags.contains(Flags::ESCAPE_BG);
            return terminals::escape(self.objects, &name, is_background).unwrap_or_default();
        }
        operators::colour(&name).unwrap_or_default()
    }

    /// `#{e|operator|f|precision:left,right}`. `None` if it is invalid.
    fn expression(&mut self, plan: &Plan<'_>, pair: &Pair) -> Option<String> {
        let modifier = plan.expression.expect("the form has this modifier");
        let expression = match Expression::parse(&modifier.args) {
            Ok(expression) => expression,
            Err(why) => {
                self.log(|| why);
                return None;
            }
        };
        let Some((left, right)) = pair.as_deref() else {
            self.log(|| "expression syntax error".to_owned());
            return None;
        };
        let (left, right) = (self.expand(left), self.expand(right));
        let operand = |side: &str, text: &str| {
            let value = expression.operand(text);
            if value.is_none() {
                self.log(|| format!("expression {side} side is invalid: {text}"));
            }
            value
        };
        let (left, right) = (operand("left", &left)?, operand("right", &right)?);
        self.log(|| format!("expression left side is: {}", expression.print(left)));
        self.log(|| format!("expression right side is: {}", expression.print(right)));
        let value = expression.apply(left, right);
        self.log(|| format!("expression result is {value}"));
        Some(value)
    }

    fn repeat(&mut self, text: &Part, pair: &Pair) -> Result<String, Invalid> {
        let Some((repeated, count)) = pair.as_deref() else {
            self.log(|| format!("repeat syntax error: {}", &**text));
            return Err(Invalid);
        };
        let repeated = self.expand(repeated);
        let count = number(&self.expand(count), 1, MAX_REPEAT).unwrap_or(0) as usize;
        if !self.spend(repeated.len() * count) {
            return Err(Invalid);
        }
        Ok(repeated.repeat(count))
    }

    /// Expands a format for each object that a loop walks.
    fn objects_loop(
        &mut self,
        plan: &Plan<'_>,
        over: Over,
        each: &Format,
        current: Option<&Format>,
    ) -> Result<String, Invalid> {
        let started = Loop::new(self.objects, over, plan.sort, &mut self.run.lists.borrow_mut());
        let turns = match started {
            Ok(turns) => turns,
            Err(why) => {
                self.log(|| why.to_owned());
                return Err(Invalid);
            }
        };
        let mut out = String::new();
        for at in 0..turns.count {
            let Some(turn) = turns.turn(at, &self.run.lists.borrow()) else { continue };
            self.log(|| turn.entry.describe(self.objects.server()));
            let body = current.filter(|_| turn.is_current).unwrap_or(each);
            out += &self.with(&turn.objects).expand(body);
        }
        Ok(out)
    }

    /// Expands a format for each row of a table.
    fn rows_loop(&mut self, rows: Vec<tables::Row>, body: &Format) -> String {
        let mut out = String::new();
        let count = rows.len();
        for (index, row) in rows.into_iter().enumerate() {
            if !self.spend(body.text.len()) {
                break;
            }
            let mut turn = self.objects.clone();
            turn.last_in_loop = index + 1 == count;
            turn = turn.add("loop_index", index.to_string());
            for (name, value) in row {
                turn = turn.add(name, value);
            }
            out += &self.with(&turn).expand(body);
        }
        out
    }

    fn named<'f>(
        &mut self,
        plan: &Plan<'_>,
        name: &Format,
        otherwise: Option<&'f Form>,
    ) -> Result<Cow<'f, str>, Invalid> {
        let server = self.objects.server();
        if plan.flags.contains(Flags::WINDOW_NAME) {
            let Some(session) = self.objects.session() else {
                self.log(|| "window name but no session".to_owned());
                return Err(Invalid);
            };
            let name = self.expand(name);
            let mut windows = session.winlinks.values().filter_map(|link| server.window(link.window));
            return Ok(flag(windows.any(|window| window.name == name)).into());
        }
        match otherwise {
            Some(form) if !plan.flags.contains(Flags::SESSION_NAME) => self.form(plan, form),
            _ => Ok(flag(server.session_by_name(&self.expand(name)).is_some()).into()),
        }
    }

    /// The first row of the pane, counted from 1, that holds the text; 0 when none does.
    fn search(&mut self, plan: &Plan<'_>, term: &Format) -> String {
        let modifier = plan.search.expect("the form has this modifier");
        let term = self.expand(term);
        let Some(pane) = self.objects.pane() else {
            self.log(|| format!("search '{term}' but no pane"));
            return flag(false).to_owned();
        };
        self.log(|| format!("search '{term}' pane {}", pane.id));
        let rows = screen::visible_rows(pane);
        if !self.spend(rows.iter().map(String::len).sum()) {
            return flag(false).to_owned();
        }
        operators::search(&rows, modifier, &term).to_string()
    }
}
