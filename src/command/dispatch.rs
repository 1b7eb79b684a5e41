//! Which function runs which command.

use std::sync::Arc;

use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::CommandId as Id;
use crate::syntax::args::Args;
use crate::syntax::command::Invocation;

use super::{attach, layout, move_window, pane, resize_pane, session, split, window};
use super::{
    buffers, capture, choose, client, copy_mode, display_message, display_panes, environment, keys, list,
    list_commands, menu, messages, options, output, pipe, popup, prompt, refresh, send_keys, shell,
    source_file, wait_for,
};

type Run = fn(&mut Cx<'_>, &ItemContext, &Args) -> Exec;

/// Runs a command whose targets were resolved.
pub fn exec(cx: &mut Cx<'_>, item: &ItemContext, invocation: &Arc<Invocation>) -> Exec {
    let run: Run = match invocation.id {
        Id::AttachSession => attach::attach_session,
        Id::BreakPane => pane::break_pane,
        Id::HasSession => session::has_session,
        Id::JoinPane => pane::join_pane,
        Id::KillPane => pane::kill_pane,
        Id::KillSession => session::kill_session,
        Id::KillWindow => window::kill_window,
        Id::LastPane => pane::last_pane,
        Id::LastWindow => window::last_window,
        Id::LinkWindow => move_window::link_window,
        Id::MovePane => pane::move_pane,
        Id::MoveWindow => move_window::move_window,
        Id::NewPane => split::new_pane,
        Id::NewSession => session::new_session,
        Id::NewWindow => window::new_window,
        Id::NextLayout => layout::next_layout,
        Id::NextWindow => window::next_window,
        Id::PreviousLayout => layout::previous_layout,
        Id::PreviousWindow => window::previous_window,
        Id::RenameSession => session::rename_session,
        Id::RenameWindow => window::rename_window,
        Id::ResizePane => resize_pane::resize_pane,
        Id::ResizeWindow => window::resize_window,
        Id::RespawnPane => pane::respawn_pane,
        Id::RespawnWindow => window::respawn_window,
        Id::RotateWindow => window::rotate_window,
        Id::SelectLayout => layout::select_layout,
        Id::SelectPane => pane::select_pane,
        Id::SelectWindow => window::select_window,
        Id::SplitWindow => split::split_window,
        Id::SwapPane => pane::swap_pane,
        Id::SwapWindow => move_window::swap_window,
        Id::SwitchClient => attach::switch_client,
        Id::UnlinkWindow => window::unlink_window,
        Id::CapturePane => capture::capture_pane,
        Id::ClearHistory => capture::clear_history,
        Id::DeleteBuffer => buffers::delete_buffer,
        Id::DetachClient => client::detach_client,
        Id::IfShell => shell::if_shell,
        Id::KillServer => messages::kill_server,
        Id::DisplayMessage => display_message::display_message,
        Id::ListBuffers => list::list_buffers,
        Id::ListClients => list::list_clients,
        Id::ListPanes => list::list_panes,
        Id::ListSessions => list::list_sessions,
        Id::ListWindows => list::list_windows,
        Id::LoadBuffer => buffers::load_buffer,
        Id::LockClient => client::lock_client,
        Id::LockServer => client::lock_server,
        Id::LockSession => client::lock_session,
        Id::PasteBuffer => buffers::paste_buffer,
        Id::PipePane => pipe::pipe_pane,
        Id::RefreshClient => refresh::refresh_client,
        Id::RunShell => shell::run_shell,
        Id::SaveBuffer => buffers::save_buffer,
        Id::SendKeys => send_keys::send_keys,
        Id::SendPrefix => send_keys::send_prefix,
        Id::ServerAccess => client::server_access,
        Id::SetBuffer => buffers::set_buffer,
        Id::ShowBuffer => buffers::show_buffer,
        Id::ShowMessages => messages::show_messages,
        Id::StartServer => messages::start_server,
        Id::SuspendClient => client::suspend_client,
        Id::WaitFor => wait_for::wait_for,
        Id::BindKey => keys::bind,
        Id::UnbindKey => keys::unbind,
        Id::ListKeys => keys::list,
        Id::ListCommands => list_commands::list,
        Id::SetEnvironment => environment::set,
        Id::ShowEnvironment => environment::show,
        Id::SourceFile => source_file::source,
        Id::SetOption => options::set,
        Id::SetWindowOption => options::set,
        Id::SetHook => options::set,
        Id::ShowOptions => options::show,
        Id::ShowWindowOptions => options::show,
        Id::ShowHooks => options::show,
        Id::ChooseBuffer => choose::choose_buffer,
        Id::ChooseClient => choose::choose_client,
        Id::ChooseUsage => choose::choose_usage,
        Id::ChooseTree => choose::choose_tree,
        Id::CustomizeMode => choose::customize_mode,
        Id::FindWindow => choose::find_window,
        Id::ClockMode => copy_mode::clock_mode,
        Id::CopyMode => copy_mode::copy_mode,
        Id::DisplayPanes => display_panes::display_panes,
        Id::DisplayMenu => menu::display_menu,
        Id::DisplayPopup => popup::display_popup,
        Id::CommandPrompt => prompt::command_prompt,
        Id::ConfirmBefore => prompt::confirm_before,
        Id::ShowPromptHistory => prompt::show_prompt_history,
        Id::ClearPromptHistory => prompt::clear_prompt_history,
        other => {
            let message = format!("{} is not there", other.name());
            return output::error(cx, item, &message);
        }
    };
    run(cx, item, &invocation.args)
}
