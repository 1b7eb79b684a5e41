# Marks prompts, commands and their output for the terminal (OSC 133): wait-pane -p and -c,
# send-command, next-prompt in copy mode and the hooks pane-command-started and -finished need them.
# At the end of ~/.config/fish/config.fish:  source /path/to/scopemux.fish
# fish 4 sets the marks itself.

if status is-interactive; and not set -q __scopemux_marks; and test (string split . -- $version)[1] -lt 4
    set -g __scopemux_marks 1

    function __scopemux_preexec --on-event fish_preexec
        printf '\e]133;C\a'
    end

    function __scopemux_postexec --on-event fish_postexec
        printf '\e]133;D;%s\a' $status
    end

    function __scopemux_status
        return $argv[1]
    end

    functions -c fish_prompt __scopemux_prompt
    function fish_prompt
        set -l ended $status
        printf '\e]133;A\a'
        # The prompt may show the status.
        __scopemux_status $ended
        __scopemux_prompt
        printf '\e]133;B\a'
    end
end
