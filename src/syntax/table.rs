//! The commands: one static table with name, alias, argument template, usage and targets of each,
//! and look-up by name, alias or unambiguous abbreviation.
//!
//! The order is tmux's, because it shows in `list-commands` and decides whether an alias or an
//! abbreviation is found first.

pub(crate) use super::entry::{CommandEntry, CommandFlags, FindFlags, FindKind, FindSpec, Positional};
use super::entry::{NO_FIND, ROW, pane, session, window};

macro_rules! commands {
    ($($id:ident => $entry:expr),* $(,)?) => {
        /// A command, as an index into the table.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum CommandId { $($id),* }

        /// All ids in table order.
        pub(crate) const ALL: &[CommandId] = &[$(CommandId::$id),*];

        const ENTRIES: &[CommandEntry] = &[$($entry),*];
    };
}

use Positional::{CommandsOrString, If, Menu, OptionValue, Run};

commands! {
    AttachSession => CommandEntry {
        name: "attach-session", alias: Some("attach"), template: "c:dEf:rt:x",
        flags: CommandFlags::START_SERVER.union(CommandFlags::READ_ONLY),
        usage: "[-dErx] [-c working-directory] [-f flags] [-t target-session]", ..ROW
    },
    BindKey => CommandEntry {
        name: "bind-key", alias: Some("bind"), template: "nrN:T:", min: 1, max: None,
        positional: CommandsOrString, flags: CommandFlags::AFTER_HOOK,
        usage: "[-nr] [-T key-table] [-N note] key [command [argument ...]]", ..ROW
    },
    BreakPane => CommandEntry {
        name: "break-pane", alias: Some("breakp"), template: "abdPF:n:s:t:", source: pane('s', NO_FIND),
        target: window('t', FindFlags::WINDOW_INDEX),
        usage: "[-abdP] [-F format] [-n window-name] [-s src-pane] [-t dst-window]", ..ROW
    },
    CapturePane => CommandEntry {
        name: "capture-pane", alias: Some("capturep"), template: "Aab:CeE:FHjJk:LMNpPqRS:Tt:",
        target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK.union(CommandFlags::PRINT_ONLY_ASKS),
        usage: "[-aCeFHJLMNpPqT] [-b buffer-name] [-E end-line] [-S start-line] [-t target-pane]", ..ROW
    },
    ChooseBuffer => CommandEntry {
        name: "choose-buffer", template: "F:f:K:NO:rt:yZ", max: Some(1), positional: CommandsOrString,
        target: pane('t', NO_FIND),
        usage: concat!(
            "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] ",
            "[template]",
        ), ..ROW
    },
    ChooseClient => CommandEntry {
        name: "choose-client", template: "F:f:K:NO:rt:yZ", max: Some(1), positional: CommandsOrString,
        target: pane('t', NO_FIND),
        usage: concat!(
            "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] ",
            "[template]",
        ), ..ROW
    },
    ChooseTree => CommandEntry {
        name: "choose-tree", template: "F:f:GK:NO:rst:wyZ", max: Some(1), positional: CommandsOrString,
        target: pane('t', NO_FIND),
        usage: concat!(
            "[-GNrswZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] ",
            "[template]",
        ), ..ROW
    },
    ClearHistory => CommandEntry {
        name: "clear-history", alias: Some("clearhist"), template: "Ht:", target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-H] [-t target-pane]", ..ROW
    },
    ClearPromptHistory => CommandEntry {
        name: "clear-prompt-history", alias: Some("clearphist"), template: "T:",
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-T prompt-type]", ..ROW
    },
    ClockMode => CommandEntry {
        name: "clock-mode", template: "t:", target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-pane]", ..ROW
    },
    CommandPrompt => CommandEntry {
        name: "command-prompt", template: "1CbeFiklI:Np:Pt:T:", max: Some(1), positional: CommandsOrString,
        flags: CommandFlags::CLIENT_T,
        usage: "[-1CbeFiklN] [-I inputs] [-p prompts] [-t target-client] [-T prompt-type] [template]", ..ROW
    },
    ConfirmBefore => CommandEntry {
        name: "confirm-before", alias: Some("confirm"), template: "bc:p:t:y", min: 1, max: Some(1),
        positional: CommandsOrString, flags: CommandFlags::CLIENT_T,
        usage: "[-by] [-c confirm-key] [-p prompt] [-t target-client] command", ..ROW
    },
    CopyMode => CommandEntry {
        name: "copy-mode", template: "AdeHMqSs:t:u", source: pane('s', NO_FIND), target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::READ_ONLY),
        usage: "[-deHMqSu] [-s src-pane] [-t target-pane]", ..ROW
    },
    CustomizeMode => CommandEntry {
        name: "customize-mode", template: "F:f:Nt:yZ", target: pane('t', NO_FIND),
        usage: "[-NZ] [-F format] [-f filter] [-t target-pane]", ..ROW
    },
    DeleteBuffer => CommandEntry {
        name: "delete-buffer", alias: Some("deleteb"), template: "b:", flags: CommandFlags::AFTER_HOOK,
        usage: "[-b buffer-name]", ..ROW
    },
    DetachClient => CommandEntry {
        name: "detach-client", alias: Some("detach"), template: "aE:s:t:P",
        source: session('s', FindFlags::CAN_FAIL),
        flags: CommandFlags::READ_ONLY.union(CommandFlags::CLIENT_T),
        usage: "[-aP] [-E shell-command] [-s target-session] [-t target-client]", ..ROW
    },
    DisplayMenu => CommandEntry {
        name: "display-menu", alias: Some("menu"), template: "b:c:C:H:s:S:MOt:T:x:y:", min: 1, max: None,
        positional: Menu, target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_C),
        usage: concat!(
            "[-MO] [-b border-lines] [-c target-client] [-C starting-choice] [-H selected-style] [-s ",
            "style] [-S border-style] [-t target-pane] [-T title] [-x position] [-y position] name ",
            "[key] [command] ...",
        ), ..ROW
    },
    DisplayMessage => CommandEntry {
        name: "display-message", alias: Some("display"), template: "aCc:d:jlINpt:F:v", max: Some(1),
        target: pane('t', FindFlags::CAN_FAIL),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_C).union(CommandFlags::CLIENT_CAN_FAIL).union(CommandFlags::PRINT_ONLY_ASKS),
        usage: "[-aCIlNpv] [-c target-client] [-d delay] [-F format] [-t target-pane] [message]", ..ROW
    },
    DisplayPopup => CommandEntry {
        name: "display-popup", alias: Some("popup"), template: "Bb:Cc:d:e:Eh:kNs:S:t:T:w:x:y:", max: None,
        target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_C),
        usage: concat!(
            "[-BCEkN] [-b border-lines] [-c target-client] [-d start-directory] [-e environment] [-h ",
            "height] [-s style] [-S border-style] [-t target-pane] [-T title] [-w width] [-x ",
            "position] [-y position] [shell-command [argument ...]]",
        ), ..ROW
    },
    DisplayPanes => CommandEntry {
        name: "display-panes", alias: Some("displayp"), template: "bd:Nt:", max: Some(1),
        positional: CommandsOrString, flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T),
        usage: "[-bN] [-d duration] [-t target-client] [template]", ..ROW
    },
    FindWindow => CommandEntry {
        name: "find-window", alias: Some("findw"), template: "CiNrt:TZ", min: 1, max: Some(1),
        target: pane('t', NO_FIND),
        usage: "[-CiNrTZ] [-t target-pane] match-string", ..ROW
    },
    HasSession => CommandEntry {
        name: "has-session", alias: Some("has"), template: "t:", target: session('t', NO_FIND),
        flags: CommandFlags::ONLY_ASKS,
        usage: "[-t target-session]", ..ROW
    },
    IfShell => CommandEntry {
        name: "if-shell", alias: Some("if"), template: "bFt:", min: 2, max: Some(3), positional: If,
        target: pane('t', FindFlags::CAN_FAIL),
        usage: "[-bF] [-t target-pane] shell-command command [command]", ..ROW
    },
    JoinPane => CommandEntry {
        name: "join-pane", alias: Some("joinp"), template: "bdfhvp:l:s:t:",
        source: pane('s', FindFlags::DEFAULT_MARKED), target: pane('t', NO_FIND),
        usage: "[-bdfhv] [-l size] [-s src-pane] [-t dst-pane]", ..ROW
    },
    KillPane => CommandEntry {
        name: "kill-pane", alias: Some("killp"), template: "af:t:", target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-a] [-t target-pane]", ..ROW
    },
    KillServer => CommandEntry {
        name: "kill-server", template: "",
        usage: "", ..ROW
    },
    KillSession => CommandEntry {
        name: "kill-session", template: "aCf:gt:", target: session('t', NO_FIND),
        usage: "[-aCg] [-t target-session]", ..ROW
    },
    KillWindow => CommandEntry {
        name: "kill-window", alias: Some("killw"), template: "af:t:", target: window('t', NO_FIND),
        usage: "[-a] [-t target-window]", ..ROW
    },
    LastPane => CommandEntry {
        name: "last-pane", alias: Some("lastp"), template: "det:Z", target: window('t', NO_FIND),
        usage: "[-deZ] [-t target-window]", ..ROW
    },
    LastWindow => CommandEntry {
        name: "last-window", alias: Some("last"), template: "t:", target: session('t', NO_FIND),
        usage: "[-t target-session]", ..ROW
    },
    LinkWindow => CommandEntry {
        name: "link-window", alias: Some("linkw"), template: "abdks:t:", source: window('s', NO_FIND),
        usage: "[-abdk] [-s src-window] [-t dst-window]", ..ROW
    },
    ListBuffers => CommandEntry {
        name: "list-buffers", alias: Some("lsb"), template: "F:f:jO:r", flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-F format] [-f filter] [-O order]", ..ROW
    },
    ListClients => CommandEntry {
        name: "list-clients", alias: Some("lsc"), template: "F:f:jO:rt:", target: session('t', NO_FIND),
        flags: CommandFlags::READ_ONLY.union(CommandFlags::AFTER_HOOK).union(CommandFlags::ONLY_ASKS),
        usage: "[-F format] [-f filter] [-O order][-t target-session]", ..ROW
    },
    ListCommands => CommandEntry {
        name: "list-commands", alias: Some("lscm"), template: "F:j", max: Some(1),
        flags: CommandFlags::START_SERVER.union(CommandFlags::AFTER_HOOK).union(CommandFlags::ONLY_ASKS),
        usage: "[-F format] [command]", ..ROW
    },
    ListKeys => CommandEntry {
        name: "list-keys", alias: Some("lsk"), template: "1aF:jNO:P:rT:", max: Some(1),
        flags: CommandFlags::START_SERVER.union(CommandFlags::AFTER_HOOK).union(CommandFlags::ONLY_ASKS),
        usage: "[-1aNr] [-F format] [-O order] [-P prefix-string][-T key-table] [key]", ..ROW
    },
    ListPanes => CommandEntry {
        name: "list-panes", alias: Some("lsp"), template: "aF:f:jO:rst:", target: window('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-asr] [-F format] [-f filter] [-O order][-t target-window]", ..ROW
    },
    ListSessions => CommandEntry {
        name: "list-sessions", alias: Some("ls"), template: "F:f:jO:r", flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-r] [-F format] [-f filter] [-O order]", ..ROW
    },
    ListWindows => CommandEntry {
        name: "list-windows", alias: Some("lsw"), template: "aF:f:jO:rt:", target: session('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-ar] [-F format] [-f filter] [-O order][-t target-session]", ..ROW
    },
    LoadBuffer => CommandEntry {
        name: "load-buffer", alias: Some("loadb"), template: "b:t:w", min: 1, max: Some(1),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T).union(CommandFlags::CLIENT_CAN_FAIL),
        usage: "[-b buffer-name] [-t target-client] path", ..ROW
    },
    LockClient => CommandEntry {
        name: "lock-client", alias: Some("lockc"), template: "t:",
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T),
        usage: "[-t target-client]", ..ROW
    },
    LockServer => CommandEntry {
        name: "lock-server", alias: Some("lock"), template: "", flags: CommandFlags::AFTER_HOOK,
        usage: "", ..ROW
    },
    LockSession => CommandEntry {
        name: "lock-session", alias: Some("locks"), template: "t:", target: session('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-session]", ..ROW
    },
    MovePane => CommandEntry {
        name: "move-pane", alias: Some("movep"), template: "bdfhvp:l:s:t:",
        source: pane('s', FindFlags::DEFAULT_MARKED), target: pane('t', NO_FIND),
        usage: "[-bdfhv] [-l size] [-s src-pane] [-t dst-pane]", ..ROW
    },
    MoveWindow => CommandEntry {
        name: "move-window", alias: Some("movew"), template: "abdkrs:t:", source: window('s', NO_FIND),
        usage: "[-abdkr] [-s src-window] [-t dst-window]", ..ROW
    },
    NewPane => CommandEntry {
        name: "new-pane", alias: Some("newp"), template: "bB:c:de:EfF:hIkl:Lm:p:PR:s:S:t:T:vWx:X:y:Y:Z",
        max: None, target: pane('t', NO_FIND),
        usage: concat!(
            "[-bdefhIklPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-m message] ",
            "[-p percentage] [-s style] [-S active-border-style] [-R inactive-border-style] [-x ",
            "width] [-y height] [-X x-position] [-Y y-position] [-t target-pane] [shell-command ",
            "[argument ...]]",
        ), ..ROW
    },
    NewSession => CommandEntry {
        name: "new-session", alias: Some("new"), template: "Ac:dDe:EF:f:n:Ps:t:x:Xy:", max: None,
        target: session('t', FindFlags::CAN_FAIL), flags: CommandFlags::START_SERVER,
        usage: concat!(
            "[-AdDEPX] [-c start-directory] [-e environment] [-F format] [-f flags] [-n window-name] ",
            "[-s session-name] [-t target-session] [-x width] [-y height] [shell-command [argument ",
            "...]]",
        ), ..ROW
    },
    NewWindow => CommandEntry {
        name: "new-window", alias: Some("neww"), template: "abc:de:EF:kn:PSt:", max: None,
        target: window('t', FindFlags::WINDOW_INDEX),
        usage: concat!(
            "[-abdkPS] [-c start-directory] [-e environment] [-F format] [-n window-name] [-t ",
            "target-window] [shell-command [argument ...]]",
        ), ..ROW
    },
    NextLayout => CommandEntry {
        name: "next-layout", alias: Some("nextl"), template: "t:", target: window('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-window]", ..ROW
    },
    NextWindow => CommandEntry {
        name: "next-window", alias: Some("next"), template: "at:", target: session('t', NO_FIND),
        usage: "[-a] [-t target-session]", ..ROW
    },
    PasteBuffer => CommandEntry {
        name: "paste-buffer", alias: Some("pasteb"), template: "db:prSs:t:", target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-dprS] [-s separator] [-b buffer-name] [-t target-pane]", ..ROW
    },
    PipePane => CommandEntry {
        name: "pipe-pane", alias: Some("pipep"), template: "IOot:", max: Some(1),
        target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-IOo] [-t target-pane] [shell-command]", ..ROW
    },
    PreviousLayout => CommandEntry {
        name: "previous-layout", alias: Some("prevl"), template: "t:", target: window('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-window]", ..ROW
    },
    PreviousWindow => CommandEntry {
        name: "previous-window", alias: Some("prev"), template: "at:", target: session('t', NO_FIND),
        usage: "[-a] [-t target-session]", ..ROW
    },
    RefreshClient => CommandEntry {
        name: "refresh-client", alias: Some("refresh"), template: "A:B:cC:Df:r:F:lLRSt:U", max: Some(1),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T),
        usage: concat!(
            "[-cDlLRSU] [-A pane:state] [-B name:what:format] [-C XxY] [-f flags] [-r pane:report] ",
            "[-t target-client] [adjustment]",
        ), ..ROW
    },
    RenameSession => CommandEntry {
        name: "rename-session", alias: Some("rename"), template: "t:", min: 1, max: Some(1),
        target: session('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-session] new-name", ..ROW
    },
    RenameWindow => CommandEntry {
        name: "rename-window", alias: Some("renamew"), template: "t:", min: 1, max: Some(1),
        target: window('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-t target-window] new-name", ..ROW
    },
    ResizePane => CommandEntry {
        name: "resize-pane", alias: Some("resizep"), template: "DLMRTt:Ux:y:Z", max: Some(1),
        target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-DLMRTUZ] [-x width] [-y height] [-t target-pane] [adjustment]", ..ROW
    },
    ResizeWindow => CommandEntry {
        name: "resize-window", alias: Some("resizew"), template: "aADLRt:Ux:y:", max: Some(1),
        target: window('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-aADLRU] [-x width] [-y height] [-t target-window] [adjustment]", ..ROW
    },
    RespawnPane => CommandEntry {
        name: "respawn-pane", alias: Some("respawnp"), template: "c:e:Ekt:", max: None,
        target: pane('t', NO_FIND),
        usage: concat!(
            "[-k] [-c start-directory] [-e environment] [-t target-pane] [shell-command [argument ",
            "...]]",
        ), ..ROW
    },
    RespawnWindow => CommandEntry {
        name: "respawn-window", alias: Some("respawnw"), template: "c:e:Ekt:", max: None,
        target: window('t', NO_FIND),
        usage: concat!(
            "[-k] [-c start-directory] [-e environment] [-t target-window] [shell-command [argument ",
            "...]]",
        ), ..ROW
    },
    RotateWindow => CommandEntry {
        name: "rotate-window", alias: Some("rotatew"), template: "Dt:UZ", target: window('t', NO_FIND),
        usage: "[-DUZ] [-t target-window]", ..ROW
    },
    RunShell => CommandEntry {
        name: "run-shell", alias: Some("run"), template: "bd:Ct:Es:c:", max: None, positional: Run,
        target: pane('t', FindFlags::CAN_FAIL),
        usage: "[-bCE] [-c start-directory] [-d delay] [-t target-pane] [shell-command [argument ...]]", ..ROW
    },
    SaveBuffer => CommandEntry {
        name: "save-buffer", alias: Some("saveb"), template: "ab:", min: 1, max: Some(1),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-a] [-b buffer-name] path", ..ROW
    },
    SelectLayout => CommandEntry {
        name: "select-layout", alias: Some("selectl"), template: "Enopt:", max: Some(1),
        target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-Enop] [-t target-pane] [layout-name]", ..ROW
    },
    SelectPane => CommandEntry {
        name: "select-pane", alias: Some("selectp"), template: "DdegLlMmP:RT:t:UZ",
        target: pane('t', NO_FIND),
        usage: "[-DdeLlMmRUZ] [-T title] [-t target-pane]", ..ROW
    },
    SelectWindow => CommandEntry {
        name: "select-window", alias: Some("selectw"), template: "lnpTt:", target: window('t', NO_FIND),
        usage: "[-lnpT] [-t target-window]", ..ROW
    },
    SendKeys => CommandEntry {
        name: "send-keys", alias: Some("send"), template: "c:FHKlMN:Rt:X", max: None,
        target: pane('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_C).union(CommandFlags::CLIENT_CAN_FAIL).union(CommandFlags::READ_ONLY),
        usage: "[-FHKlMRX] [-c target-client] [-N repeat-count] [-t target-pane] [key ...]", ..ROW
    },
    SendPrefix => CommandEntry {
        name: "send-prefix", template: "2t:", target: pane('t', NO_FIND), flags: CommandFlags::AFTER_HOOK,
        usage: "[-2] [-t target-pane]", ..ROW
    },
    ServerAccess => CommandEntry {
        name: "server-access", template: "adglrw", max: Some(1), flags: CommandFlags::CLIENT_CAN_FAIL,
        usage: "[-adlrw] [-t target-pane] [user]", ..ROW
    },
    SetBuffer => CommandEntry {
        name: "set-buffer", alias: Some("setb"), template: "ab:t:n:w", max: Some(1),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T).union(CommandFlags::CLIENT_CAN_FAIL),
        usage: "[-aw] [-b buffer-name] [-n new-buffer-name] [-t target-client] [data]", ..ROW
    },
    SetEnvironment => CommandEntry {
        name: "set-environment", alias: Some("setenv"), template: "Fhgrt:u", min: 1, max: Some(2),
        target: session('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK,
        usage: "[-Fhgru] [-t target-session] variable [value]", ..ROW
    },
    SetHook => CommandEntry {
        name: "set-hook", template: "aB:EgpRt:Tuw", min: 1, max: Some(2), positional: OptionValue,
        without: "BE",
        target: pane('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK,
        usage: "[-agpRuw] [-t target-pane] hook [command]", ..ROW
    },
    SetOption => CommandEntry {
        name: "set-option", alias: Some("set"), template: "aFgopqst:uUw", min: 1, max: Some(2),
        positional: OptionValue, target: pane('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK,
        usage: "[-aFgopqsuUw] [-t target-pane] option [value]", ..ROW
    },
    SetWindowOption => CommandEntry {
        name: "set-window-option", alias: Some("setw"), template: "aFgoqt:u", min: 1, max: Some(2),
        positional: OptionValue, target: window('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK,
        usage: "[-aFgoqu] [-t target-window] option [value]", ..ROW
    },
    ShowBuffer => CommandEntry {
        name: "show-buffer", alias: Some("showb"), template: "b:", flags: CommandFlags::AFTER_HOOK,
        usage: "[-b buffer-name]", ..ROW
    },
    ShowEnvironment => CommandEntry {
        name: "show-environment", alias: Some("showenv"), template: "hgst:", max: Some(1),
        target: session('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-hgs] [-t target-session] [variable]", ..ROW
    },
    ShowHooks => CommandEntry {
        name: "show-hooks", template: "BF:gpt:w", max: Some(1), target: pane('t', FindFlags::CAN_FAIL),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-gpw] [-t target-pane] [hook]", ..ROW
    },
    ShowMessages => CommandEntry {
        name: "show-messages", alias: Some("showmsgs"), template: "HJTt:",
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::CLIENT_T).union(CommandFlags::CLIENT_CAN_FAIL),
        usage: "[-JT] [-t target-client]", ..ROW
    },
    ShowOptions => CommandEntry {
        name: "show-options", alias: Some("show"), template: "AgF:Hpqst:vw", max: Some(1),
        target: pane('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-AgHpqsvw] [-t target-pane] [option]", ..ROW
    },
    ShowPromptHistory => CommandEntry {
        name: "show-prompt-history", alias: Some("showphist"), template: "T:",
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-T prompt-type]", ..ROW
    },
    ShowWindowOptions => CommandEntry {
        name: "show-window-options", alias: Some("showw"), template: "F:gvt:", max: Some(1),
        target: window('t', FindFlags::CAN_FAIL), flags: CommandFlags::AFTER_HOOK.union(CommandFlags::ONLY_ASKS),
        usage: "[-gv] [-t target-window] [option]", ..ROW
    },
    SourceFile => CommandEntry {
        name: "source-file", alias: Some("source"), template: "t:Fnqv", min: 1, max: None,
        target: pane('t', FindFlags::CAN_FAIL),
        usage: "[-Fnqv] [-t target-pane] path ...", ..ROW
    },
    SplitWindow => CommandEntry {
        name: "split-window", alias: Some("splitw"), template: "bB:c:de:EfF:hIkl:m:p:PR:s:S:t:T:vWZ", max: None,
        target: pane('t', NO_FIND),
        usage: concat!(
            "[-bdefhIklPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-m message] ",
            "[-p percentage] [-s style] [-S active-border-style] [-R inactive-border-style] [-t ",
            "target-pane] [shell-command [argument ...]]",
        ), ..ROW
    },
    StartServer => CommandEntry {
        name: "start-server", alias: Some("start"), template: "", flags: CommandFlags::START_SERVER,
        usage: "", ..ROW
    },
    SuspendClient => CommandEntry {
        name: "suspend-client", alias: Some("suspendc"), template: "t:", flags: CommandFlags::CLIENT_T,
        usage: "[-t target-client]", ..ROW
    },
    SwapPane => CommandEntry {
        name: "swap-pane", alias: Some("swapp"), template: "dDs:t:UZ",
        source: pane('s', FindFlags::DEFAULT_MARKED), target: pane('t', NO_FIND),
        usage: "[-dDUZ] [-s src-pane] [-t dst-pane]", ..ROW
    },
    SwapWindow => CommandEntry {
        name: "swap-window", alias: Some("swapw"), template: "ds:t:",
        source: window('s', FindFlags::DEFAULT_MARKED), target: window('t', NO_FIND),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-d] [-s src-window] [-t dst-window]", ..ROW
    },
    SwitchClient => CommandEntry {
        name: "switch-client", alias: Some("switchc"), template: "c:EFlnO:pt:rT:Z",
        flags: CommandFlags::READ_ONLY.union(CommandFlags::CLIENT_C),
        usage: "[-ElnprZ] [-c target-client] [-t target-session] [-T key-table] [-O order]", ..ROW
    },
    UnbindKey => CommandEntry {
        name: "unbind-key", alias: Some("unbind"), template: "anqT:", max: Some(1),
        flags: CommandFlags::AFTER_HOOK,
        usage: "[-anq] [-T key-table] key", ..ROW
    },
    UnlinkWindow => CommandEntry {
        name: "unlink-window", alias: Some("unlinkw"), template: "kt:", target: window('t', NO_FIND),
        usage: "[-k] [-t target-window]", ..ROW
    },
    WaitFor => CommandEntry {
        name: "wait-for", alias: Some("wait"), template: "EF:LSUlvw:", min: 1, max: Some(1),
        usage: "[-L|-S|-U] channel", ..ROW
    },
    // Commands that tmux does not have: only the full name finds them.
    ChooseCommands => CommandEntry {
        name: "choose-commands", template: "aF:f:K:NO:rt:Z", target: pane('t', NO_FIND), ours: true,
        usage: "[-aNrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane]", ..ROW
    },
    ChooseTranscripts => CommandEntry {
        name: "choose-transcripts", template: "F:f:K:NO:rt:Z", target: pane('t', NO_FIND), ours: true,
        usage: "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane]", ..ROW
    },
    ChooseUsage => CommandEntry {
        name: "choose-usage", template: "F:f:K:NO:rt:Z", max: Some(1), positional: CommandsOrString,
        target: pane('t', NO_FIND), ours: true,
        usage: concat!(
            "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] ",
            "[template]",
        ), ..ROW
    },
    ListTranscripts => CommandEntry {
        name: "list-transcripts", template: "F:f:jO:r",
        flags: CommandFlags::AFTER_HOOK, ours: true,
        usage: "[-jr] [-F format] [-f filter] [-O order]", ..ROW
    },
    ListUsage => CommandEntry {
        name: "list-usage", template: "F:f:jO:r",
        flags: CommandFlags::AFTER_HOOK, ours: true,
        usage: "[-jr] [-F format] [-f filter] [-O order]", ..ROW
    },
    RestoreSessions => CommandEntry {
        name: "restore-sessions", template: "", max: Some(0),
        flags: CommandFlags::AFTER_HOOK.union(CommandFlags::START_SERVER), ours: true,
        usage: "", ..ROW
    },
    SaveTranscript => CommandEntry {
        name: "save-transcript", template: "AaeE:F:k:NS:t:", max: Some(1),
        target: pane('t', FindFlags::CAN_FAIL),
        flags: CommandFlags::AFTER_HOOK, ours: true,
        usage: concat!(
            "[-AaeN] [-E end-line] [-F text|ansi|html|markdown|cast] [-k transcript] [-S start-line] ",
            "[-t target-pane] [path]",
        ), ..ROW
    },
    SearchTranscripts => CommandEntry {
        name: "search-transcripts", template: "AaF:f:ik:lrt:", min: 1, max: Some(1),
        target: pane('t', FindFlags::CAN_FAIL),
        flags: CommandFlags::AFTER_HOOK, ours: true,
        usage: "[-Aailr] [-F format] [-f filter] [-k transcript] [-t target-pane] pattern", ..ROW
    },
    SendCommand => CommandEntry {
        name: "send-command", template: "joT:t:", min: 1, max: Some(1), target: pane('t', NO_FIND), ours: true,
        usage: "[-jo] [-T seconds] [-t target-pane] command", ..ROW
    },
    WaitPane => CommandEntry {
        name: "wait-pane", template: "acjm:pq:S:T:t:x", target: pane('t', NO_FIND), ours: true,
        usage: "[-acjpx] [-m pattern] [-q milliseconds] [-S place] [-T seconds] [-t target-pane]", ..ROW
    },
    WatchEvents => CommandEntry {
        name: "watch-events", template: "e:F:f:jn:T:", ours: true,
        usage: "[-j] [-e event] [-F format] [-f filter] [-n count] [-T seconds]", ..ROW
    },
    UpgradeServer => CommandEntry {
        name: "upgrade-server", max: Some(1), ours: true, usage: "[path]", ..ROW
    },
}

impl CommandId {
    /// The row of the command.
    pub fn entry(self) -> &'static CommandEntry {
        &ENTRIES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Finds a command by alias, name or unambiguous abbreviation; the error is tmux's message.
    pub fn find(name: &str) -> Result<CommandId, String> {
        let mut found = None;
        let mut ambiguous = false;
        for &id in ALL {
            let entry = id.entry();
            // An alias wins over abbreviations of earlier rows.
            if entry.alias == Some(name) || (entry.ours && entry.name == name) {
                return Ok(id);
            }
            if entry.ours || !entry.name.starts_with(name) {
                continue;
            }
            ambiguous |= found.is_some();
            found = Some(id);
            if entry.name == name {
                // tmux: an exact name after two or more abbreviated matches stays ambiguous.
                break;
            }
        }
        match found {
            Some(id) if !ambiguous => Ok(id),
            Some(_) => Err(ambiguity(name)),
            None => Err(format!("unknown command: {name}")),
        }
    }
}

fn ambiguity(name: &str) -> String {
    let could_be: Vec<&str> = ALL
        .iter()
        .map(|id| id.entry())
        .filter(|entry| !entry.ours && entry.name.starts_with(name))
        .map(|entry| entry.name)
        .collect();
    format!("ambiguous command: {name}, could be: {}", could_be.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_abbreviations() {
        let check = |name: &str, expect: Result<&str, &str>| {
            assert_eq!(CommandId::find(name).map(CommandId::name), expect.map_err(str::to_string), "{name}");
        };
        check("new", Ok("new-session"));
        check("set", Ok("set-option"));
        check("kill-ser", Ok("kill-server"));
        check("list-t", Err("unknown command: list-t"));
        check("list-transcripts", Ok("list-transcripts"));
        check("nosuch", Err("unknown command: nosuch"));
        check("b", Err("ambiguous command: b, could be: bind-key, break-pane"));
        check(
            "choose",
            Err("ambiguous command: choose, could be: choose-buffer, choose-client, choose-tree"),
        );
    }

    /// The read-only commands of tmux 3.7c's sources, and none of ours: each of ours reveals what
    /// panes show, or runs something.
    #[test]
    fn clients_that_may_only_read_have_six_commands() {
        let allowed = ALL.iter().map(|id| id.entry()).filter(|e| e.flags.contains(CommandFlags::READ_ONLY));
        let names: Vec<&str> = allowed.map(|entry| entry.name).collect();
        let expect =
            ["attach-session", "copy-mode", "detach-client", "list-clients", "send-keys", "switch-client"];
        assert_eq!(names, expect);
    }

    #[test]
    fn the_table_is_the_one_recorded_from_tmux() {
        let listing = include_str!("../../compat-tests/fixtures/commands.tsv");
        let mut recorded = listing.lines().skip(1);
        for entry in ALL.iter().map(|id| id.entry()).filter(|entry| !entry.ours) {
            let row = format!("{}\t{}\t{}", entry.name, entry.alias.unwrap_or(""), entry.usage);
            assert_eq!(recorded.next(), Some(row.as_str()));
        }
        assert_eq!(recorded.next(), None);
    }
}
