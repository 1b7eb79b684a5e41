//! Tests of the completions in real shells, without a terminal; `compat-tests/completions.rs` types them in
//! panes. A shell that is not installed is named on standard error and skipped; `.ci/run` installs all three.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs a completion script in a shell and returns its output. A stand-in for the program answers
/// `list-sessions`.
fn ask(shell: &str, script: &str) -> Option<String> {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let program = dir.path().join("scopemux");
    std::fs::write(&program, "#!/bin/sh\ncase \"$*\" in *list-sessions*) echo alpha; echo beta;; esac\n")
        .expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("our file");
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
    let completions = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conf/completions");
    let mut command = Command::new(shell);
    command.env("PATH", path).env("HOME", dir.path()).env("COMPLETIONS", completions).stdin(Stdio::null());
    let output = match command.args(["-c", script]).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = format!("completions: there is no {shell} here, so they are not tested in it\n");
            std::io::stderr().write_all(text.as_bytes()).ok();
            return None;
        }
        Err(error) => panic!("{shell}: {error}"),
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shell}: {text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

/// Asserts that each line's completions contain the expected one.
fn check(shell: &str, script: impl Fn(&str) -> String) {
    let cases = [
        ("scopemux att", "attach-session"),
        ("scopemux new-session -", "-s"),
        ("scopemux set-option -g stat", "status-interval"),
        ("scopemux set-option -g status-keys ", "emacs"),
        ("scopemux attach-session -t ", "alpha"),
        ("scopemux -L other attach-session -t b", "beta"),
    ];
    for (line, wanted) in cases {
        let Some(got) = ask(shell, &script(line)) else { return };
        let found = got.split_whitespace().any(|word| word == wanted);
        assert!(found, "{shell} completes {line:?} to {got:?}, not to {wanted:?}");
    }
}

#[test]
fn manual_bash_completes() {
    check("bash", |line| {
        format!(
            ". \"$COMPLETIONS/scopemux.bash\"; line={line:?}; IFS=' ' read -ra COMP_WORDS <<<\"$line\"; \
             [[ $line == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); \
             _scopemux; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    });
}

#[test]
fn manual_fish_completes() {
    check("fish", |line| format!("source $COMPLETIONS/scopemux.fish; complete -C {line:?} | cut -f1"));
}

/// zsh completes only in its line editor, so `compadd` and `_describe` are replaced by functions that
/// print.
#[test]
fn manual_zsh_completes() {
    check("zsh", |line| {
        format!(
            "compadd() {{ [[ $1 == -a ]] && print -l ${{(P)2}} || {{ shift; print -l $@ }} }}; \
             _describe() {{ [[ $1 == -o ]] && shift; local entry; for entry in ${{(P)2}}; print -r -- ${{entry%%:*}} }}; \
             _files() {{ }}; line={line:?}; words=(${{(s: :)line}}); [[ $line == *' ' ]] && words+=(''); \
             CURRENT=$#words; service=scopemux; source $COMPLETIONS/_scopemux"
        )
    });
}
