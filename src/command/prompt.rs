//! `command-prompt`, `confirm-before`, and the prompts' history.

use crate::base::{ClientId, PaneId};
use crate::model::queue::ItemId;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::{ArgValue, Args};
use crate::syntax::command::CommandList;
use crate::view::prompt::{self, PromptFlags, PromptType, Request};

use super::asked::{Asked, CommandAsk, ConfirmAsk, handle};
use super::output::{error, print};
use super::template::Template;

/// The questions of a prompt, each with its initial text.
fn questions(args: &Args) -> Vec<(String, String)> {
    let named = |template: &str| template.split([' ', ',']).next().unwrap_or("").to_owned();
    let (prompts, space) = match (args.get('p'), args.value(0)) {
        (Some(prompts), _) => (prompts.to_owned(), true),
        (None, Some(ArgValue::Commands(list))) => (format!("({})", first_name(list)), true),
        (None, Some(ArgValue::String(text))) => (format!("({})", named(text)), true),
        (None, None) => (":".to_owned(), false),
    };
    if args.has('l') {
        return vec![(prompts, args.get('I').unwrap_or("").to_owned())];
    }
    let mut inputs = args.get('I').map(|inputs| inputs.split(','));
    prompts
        .split(',')
        .map(|prompt| {
            let input = inputs.as_mut().and_then(Iterator::next).unwrap_or("");
            let prompt = if space { format!("{prompt} ") } else { prompt.to_owned() };
            (prompt, input.to_owned())
        })
        .collect()
}

fn first_name(list: &CommandList) -> &'static str {
    list.iter().next().map_or("", |command| command.id.name())
}

fn flags(args: &Args) -> PromptFlags {
    let of_letter = [
        ('1', PromptFlags::SINGLE),
        ('N', PromptFlags::NUMERIC),
        ('i', PromptFlags::INCREMENTAL),
        ('k', PromptFlags::KEY),
        ('e', PromptFlags::BSPACE_EXIT),
    ];
    let kind = of_letter.iter().find(|(letter, _)| args.has(*letter)).map(|(_, flag)| *flag);
    let freeze = if args.has('C') { PromptFlags::NO_FREEZE } else { PromptFlags::empty() };
    kind.unwrap_or_default() | freeze
}

pub(super) fn command_prompt(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(client) = item.target_client else { return Exec::Error };
    if cx.server.client(client).is_none_or(|c| c.prompt.is_some()) {
        return Exec::Normal;
    }
    let waits = !args.has('b') && !args.has('i');
    let template = Template::new(cx, item, args, 0, Some("%1"), args.has('F'));
    let kind = match args.get('T').map(|name| (name, PromptType::parse(name))) {
        Some((name, None)) => return error(cx, item, &format!("unknown type: {name}")),
        Some((_, Some(kind))) => kind,
        None => PromptType::Command,
    };
    let mut rest = questions(args).into_iter();
    let (first, input) = rest.next().unwrap_or_default();
    let flags = flags(args);
    let asked = Asked::Command(CommandAsk {
        waiting: waits.then(|| item.waiting()),
        template,
        answers: Vec::new(),
        rest: rest.collect(),
        incremental: flags.contains(PromptFlags::INCREMENTAL),
    });
    let current = || item.current().pane;
    let pane = item.target.pane.or_else(current).filter(|_| args.has('P'));
    open(cx, item, client, (first, input), kind, (flags, pane), waits.then_some(item.id), asked)
}

#[expect(clippy::too_many_arguments)]
fn open(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    client: ClientId,
    (prompt, input): (String, String),
    kind: PromptType,
    (flags, pane): (PromptFlags, Option<PaneId>),
    waiting: Option<ItemId>,
    asked: Asked,
) -> Exec {
    let state = Some(item.target);
    let (handler, saver) = handle(asked);
    let saver = Some(saver);
    prompt::open(
        cx,
        client,
        Request { prompt, input, kind, flags, pane, state, item: waiting, handler, saver },
    );
    if waiting.is_some() { Exec::Wait } else { Exec::Normal }
}

pub(super) fn confirm_before(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(client) = item.target_client else { return Exec::Error };
    let list = match Template::new(cx, item, args, 0, None, true).commands(cx, &[]) {
        Ok(list) => list,
        Err(message) => return error(cx, item, &message),
    };
    let key = match args.get('c') {
        None => 'y',
        Some(text) => match text.as_bytes() {
            [byte @ 32..=126] => char::from(*byte),
            _ => return error(cx, item, "invalid confirm key"),
        },
    };
    let question = match args.get('p') {
        Some(prompt) => format!("{prompt} "),
        None => format!("Confirm '{}'? ({key}/n) ", first_name(&list)),
    };
    let waits = !args.has('b');
    let default_yes = args.has('y');
    let waiting = waits.then(|| item.waiting());
    let asked = Asked::Confirm(ConfirmAsk { waiting, key, default_yes, commands: Template::Parsed(list) });
    let question = (question, String::new());
    let waiting = waits.then_some(item.id);
    open(cx, item, client, question, PromptType::Command, (PromptFlags::SINGLE, None), waiting, asked)
}

/// The types that `-T` names, or all. Error: no such type.
fn types(args: &Args) -> Result<Vec<PromptType>, String> {
    match args.get('T') {
        None => Ok(PromptType::ALL.to_vec()),
        Some(name) => match PromptType::parse(name) {
            Some(kind) => Ok(vec![kind]),
            None => Err(format!("invalid type: {name}")),
        },
    }
}

pub(super) fn show_prompt_history(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let types = match types(args) {
        Ok(types) => types,
        Err(message) => return error(cx, item, &message),
    };
    for kind in types {
        print(cx, item, &format!("History for {}:\n", kind.name()));
        for (index, line) in cx.server.prompt_history[kind as usize].clone().iter().enumerate() {
            print(cx, item, &format!("{}: {line}", index + 1));
        }
        print(cx, item, "");
    }
    Exec::Normal
}

pub(super) fn clear_prompt_history(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match types(args) {
        Ok(types) => {
            types.into_iter().for_each(|kind| cx.server.prompt_history[kind as usize].clear());
            Exec::Normal
        }
        Err(message) => error(cx, item, &message),
    }
}
