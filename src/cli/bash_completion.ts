/**
 * The completion script for bash, from version 4.4 on. It needs no bash-completion package, evaluates
 * nothing that was typed and no file name, and may be sourced again.
 *
 * bash splits words at "=" and ":" (COMP_WORDBREAKS), so the line is put together again before taskc is
 * asked, and what bash already has of the current word is cut off the candidates.
 */
export const BASH_SCRIPT = String.raw`# bash completion for taskc: source <(taskc completions bash)

_taskc_complete() {
    local words=() word
    local -i index
    # Words that were split at "=" or ":" are joined again, unless blanks stood between them.
    local rest=\${COMP_LINE:0:COMP_POINT} blanks
    for ((index = 0; index <= COMP_CWORD; index++)); do
        blanks=\${rest%%[^[:space:]]*}
        rest=\${rest#"$blanks"}
        word=\${COMP_WORDS[index]}
        # The cursor stands inside the last word.
        if ((index == COMP_CWORD)); then word=$rest; fi
        if ((index > 0)) && [[ -z $blanks ]]; then
            words[\${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        rest=\${rest#"$word"}
    done
    local current=\${words[-1]} out directive
    out=$(command -- "\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null) || return
    directive=\${out##*:}
    out=\${out%:*}

    # Values of "--flag=" come without it.
    local flag=""
    if [[ $current == -*=* ]]; then flag=\${current%%=*}=; fi
    # What bash itself keeps of the current word: all up to its last break character.
    local kept=$current
    while [[ -n $kept && $COMP_WORDBREAKS != *"\${kept: -1}"* ]]; do kept=\${kept%?}; done

    COMPREPLY=()
    if ((directive & 8)); then
        local pattern="" extension
        while IFS= read -r extension; do
            [[ -n $extension ]] && pattern+="\${pattern:+|}*.$extension"
        done <<<"$out"
        compopt -o filenames 2>/dev/null
        local entry
        while IFS= read -r entry; do
            if [[ -d $entry ]] || [[ -n $entry && $entry == @($pattern) ]]; then COMPREPLY+=("$entry"); fi
        done < <(compgen -f -- "$current")
        return
    fi
    while IFS= read -r word; do
        word=\${word%%$'\t'*}
        [[ -n $word && $flag$word == "$current"* ]] || continue
        word=$flag$word
        COMPREPLY+=("\${word#"$kept"}")
    done <<<"$out"
    if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
    if ((!(directive & 4) && \${#COMPREPLY[@]} == 0)); then compopt -o default 2>/dev/null; fi
}

complete -F _taskc_complete taskc
`.replaceAll("\\$", "$");
