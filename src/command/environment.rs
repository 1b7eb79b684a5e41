//! `set-environment` and `show-environment`.

use crate::model::{Cx, Exec, ItemContext};
use crate::options::Environ;
use crate::syntax::args::Args;

use super::{output, place};

/// `set-environment`.
pub(crate) fn set(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match change(cx, item, args) {
        Ok(()) => Exec::Normal,
        Err(error) => output::error(cx, item, &error),
    }
}

fn change(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<(), String> {
    let name = args.string(0).unwrap_or_default();
    if name.is_empty() {
        return Err("empty variable name".to_owned());
    }
    if name.contains('=') {
        return Err("variable name contains =".to_owned());
    }
    let mut value = args.string(1);
    if args.has('F')
        && let Some(format) = &value
    {
        value = Some(place::expand_target(cx, item, format));
    }
    let session = item.target.session.filter(|_| !args.has('g'));
    let environ: &mut Environ = match session.and_then(|id| cx.server.sessions.get_mut(&id)) {
        _ if args.has('g') => &mut cx.server.environ,
        Some(session) => &mut session.environ,
        None => return Err(no_session(args)),
    };
    match (args.has('u'), args.has('r'), value) {
        (true, _, Some(_)) => return Err("can't specify a value with -u".to_owned()),
        (true, _, None) => environ.unset(&name),
        (_, true, Some(_)) => return Err("can't specify a value with -r".to_owned()),
        (_, true, None) => environ.clear(&name),
        (_, _, None) => return Err("no value specified".to_owned()),
        (_, _, Some(value)) if args.has('h') => environ.set_hidden(&name, &value),
        (_, _, Some(value)) => environ.set(&name, &value),
    }
    Ok(())
}

fn no_session(args: &Args) -> String {
    match args.get('t') {
        Some(target) => format!("no such session: {target}"),
        None => "no current session".to_owned(),
    }
}

/// `show-environment`.
pub(crate) fn show(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match listed(cx, item, args) {
        Ok(lines) => {
            for line in lines {
                output::print(cx, item, &line);
            }
            Exec::Normal
        }
        Err(error) => output::error(cx, item, &error),
    }
}

fn listed(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<Vec<String>, String> {
    let session = item.target.session.and_then(|id| cx.server.session(id));
    if args.has('t') && session.is_none() {
        return Err(no_session(args));
    }
    let environ = match session {
        _ if args.has('g') => &cx.server.environ,
        Some(session) => &session.environ,
        None => return Err(no_session(args)),
    };
    let (hidden, shell) = (args.has('h'), args.has('s'));
    let Some(name) = args.string(0) else {
        let shown = environ.iter().filter(|(_, variable)| variable.hidden == hidden);
        return Ok(shown.map(|(name, variable)| variable.line(name, shell)).collect());
    };
    let variable = environ.variable(&name).ok_or_else(|| format!("unknown variable: {name}"))?;
    let shown = variable.hidden == hidden;
    Ok(shown.then(|| variable.line(&name, shell)).into_iter().collect())
}
