# Marks prompts, commands and their output for the terminal (OSC 133): wait-pane -p and -c,
# send-command, next-prompt in copy mode and the hooks pane-command-started and -finished need them.
# At the end of ~/.zshrc:  source /path/to/scopemux.zsh

[[ -o interactive && -z ${__scopemux_marks-} ]] || return 0
typeset -gi __scopemux_marks=0 __scopemux_sp=0

# zsh marks output without a final newline before precmd, so that the mark would count as output:
# it is made here instead, when the output's end was told.
[[ -o prompt_sp && -o prompt_cr ]] && __scopemux_sp=1
setopt no_prompt_sp

__scopemux_precmd() {
    local ended=$?
    (( __scopemux_marks++ )) && print -n "\e]133;D;$ended\a"
    if (( __scopemux_sp )); then
        print -nP -- "${PROMPT_EOL_MARK-%B%S%#%s%b}"
        print -n -- "${(l:COLUMNS-1:: :)}\r"
    fi
    # The theme may have made the prompt anew.
    [[ $PS1 == *'133;A'* ]] || PS1=$'%{\e]133;A\a%}'$PS1$'%{\e]133;B\a%}'
    return $ended
}

__scopemux_preexec() {
    print -n '\e]133;C\a'
}

precmd_functions=(__scopemux_precmd $precmd_functions)
preexec_functions+=(__scopemux_preexec)
