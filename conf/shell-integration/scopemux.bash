# Marks prompts, commands and their output for the terminal (OSC 133): wait-pane -p and -c,
# send-command, next-prompt in copy mode and the hooks pane-command-started and -finished need them.
# At the end of ~/.bashrc:  source /path/to/scopemux.bash   (bash 4.4 or later)

[[ $- == *i* && -z ${__scopemux_marks-} ]] || return 0
__scopemux_marks=0

# First of all: the status of what ran, before anything else changes it.
__scopemux_ended() {
    local status=$?
    (( __scopemux_marks++ )) && printf '\e]133;D;%s\a' "$status"
    return "$status"
}

# Last of all: prompts may have been made anew.
__scopemux_prompts() {
    local status=$?
    [[ $PS1 == *'133;A'* ]] || PS1='\[\e]133;A\a\]'$PS1'\[\e]133;B\a\]'
    return "$status"
}

if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND=(__scopemux_ended "${PROMPT_COMMAND[@]}" __scopemux_prompts)
else
    PROMPT_COMMAND="__scopemux_ended${PROMPT_COMMAND:+; $PROMPT_COMMAND}; __scopemux_prompts"
fi
PS0=${PS0-}'\e]133;C\a'
