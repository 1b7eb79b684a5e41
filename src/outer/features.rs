//! Terminal features: named groups of capabilities that terminfo lacks, as named by `terminal-features`
//! and the client's `-T`, and shown by `#{client_termfeatures}`.

/// One feature: its name, and the capabilities that it sets, in the form of overrides.
struct Feature {
    name: &'static str,
    caps: &'static [&'static str],
}

const SETAB: &str = "setab=\\E[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m";
const SETAF: &str = "setaf=\\E[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m";

/// All features, in the order in which they are printed.
const FEATURES: &[Feature] = &[
    Feature { name: "256", caps: &["AX", SETAB, SETAF] },
    Feature { name: "bpaste", caps: &["Enbp=\\E[?2004h", "Dsbp=\\E[?2004l"] },
    Feature { name: "ccolour", caps: &["Cs=\\E]12;%p1%s\\a", "Cr=\\E]112\\a"] },
    Feature { name: "clipboard", caps: &["Ms=\\E]52;%p1%s;%p2%s\\a"] },
    Feature { name: "hyperlinks", caps: &["Hls=\\E]8;%?%p1%l%tid=%p1%s%;;%p2%s\\E\\\\"] },
    Feature { name: "cstyle", caps: &["Ss=\\E[%p1%d q", "Se=\\E[2 q"] },
    Feature { name: "extkeys", caps: &["Eneks=\\E[>4;2m", "Dseks=\\E[>4m"] },
    Feature { name: "focus", caps: &["Enfcs=\\E[?1004h", "Dsfcs=\\E[?1004l"] },
    Feature { name: "ignorefkeys", caps: &[] },
    Feature {
        name: "margins",
        caps: &["Enmg=\\E[?69h", "Dsmg=\\E[?69l", "Clmg=\\E[s", "Cmg=\\E[%i%p1%d;%p2%ds"],
    },
    Feature { name: "mouse", caps: &["kmous=\\E[M"] },
    Feature { name: "osc7", caps: &["Swd=\\E]7;", "fsl=\\a"] },
    Feature { name: "overline", caps: &["Smol=\\E[53m"] },
    Feature { name: "progressbar", caps: &["Spb=\\E]9;4;%p1%d;%p2%d\\E\\\\"] },
    Feature { name: "rectfill", caps: &["Rect"] },
    Feature {
        name: "RGB",
        caps: &[
            "AX",
            "setrgbf=\\E[38;2;%p1%d;%p2%d;%p3%dm",
            "setrgbb=\\E[48;2;%p1%d;%p2%d;%p3%dm",
            SETAB,
            SETAF,
        ],
    },
    Feature { name: "sixel", caps: &["Sxl"] },
    Feature { name: "strikethrough", caps: &["smxx=\\E[9m"] },
    Feature { name: "sync", caps: &["Sync=\\E[?2026%?%p1%{1}%-%tl%eh%;"] },
    Feature { name: "title", caps: &["tsl=\\E]0;", "fsl=\\a"] },
    Feature {
        name: "usstyle",
        caps: &[
            "Smulx=\\E[4::%p1%dm",
            "Setulc=\\E[58::2::%p1%{65536}%/%d::%p1%{256}%/%{255}%&%d::%p1%{255}%&%d%;m",
            "Setulc1=\\E[58::5::%p1%dm",
            "ol=\\E[59m",
        ],
    },
    // Only in scopemux: the terminal shows notifications of OSC 9.
    Feature { name: "notify", caps: &[] },
    // Only in scopemux: the terminal shows pictures by kitty's protocol, in cells with placeholders.
    // Their colours are numbers, so they must not be converted.
    Feature {
        name: "kittygraphics",
        caps: &[
            "AX",
            "setrgbf=\\E[38;2;%p1%d;%p2%d;%p3%dm",
            "setrgbb=\\E[48;2;%p1%d;%p2%d;%p3%dm",
            "Setulc=\\E[58::2::%p1%{65536}%/%d::%p1%{256}%/%{255}%&%d::%p1%{255}%&%d%;m",
            "ol=\\E[59m",
        ],
    },
    // Only in scopemux: the terminal has kitty's keyboard protocol.
    Feature { name: "kittykeys", caps: &["Enkk=\\E[>%p1%du", "Dskk=\\E[<u"] },
];

/// Function keys whose terminfo sequences the `ignorefkeys` feature removes.
const LAST_FUNCTION_KEY: u32 = 63;

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Features(pub u32);

impl Features {
    /// Features of 256 colours or more that `-2` asks for.
    pub const COLOURS_256: &str = "256";

    /// Adds features by name (ignoring case), separated by `separators`; stops at an unknown name.
    pub fn add(&mut self, names: &str, separators: &str) {
        self.change(names, separators, &mut Features::default());
    }

    /// The same, but `name@` removes a feature permanently: it is added to `removed`, and features in
    /// that set are not added.
    pub fn change(&mut self, names: &str, separators: &str, removed: &mut Features) {
        for name in names.split(|c| separators.contains(c)) {
            let (name, away) = name.strip_suffix('@').map_or((name, false), |name| (name, true));
            match FEATURES.iter().position(|f| f.name.eq_ignore_ascii_case(name)) {
                Some(n) if away => {
                    self.0 &= !(1 << n);
                    removed.0 |= 1 << n;
                }
                Some(n) => self.0 |= (1 << n) & !removed.0,
                // tmux: an unknown (or empty) name ends the list; the rest is ignored.
                None => break,
            }
        }
    }

    pub fn has(self, name: &str) -> bool {
        FEATURES.iter().position(|f| f.name == name).is_some_and(|n| self.0 & (1 << n) != 0)
    }

    /// Adds the known features of a family of terminals.
    pub fn add_family(&mut self, family: &str) {
        if let Some((_, names)) = FAMILIES.iter().find(|(name, _)| *name == family) {
            self.add(names, ",");
        }
    }

    /// Adds features that a reply of primary device attributes shows; `params` are its numbers.
    pub fn add_primary_attributes(&mut self, params: &[u32]) {
        if !matches!(params.first(), Some(61..=65)) {
            return;
        }
        for param in &params[1..] {
            match param {
                4 => self.add("sixel", ","),
                21 => self.add("margins", ","),
                28 => self.add("rectfill", ","),
                52 => self.add("clipboard", ","),
                _ => {}
            }
        }
    }

    /// Adds features that a reply of secondary device attributes shows.
    pub fn add_secondary_attributes(&mut self, params: &[u32]) {
        match params.first().copied().and_then(char::from_u32) {
            Some('M') => self.add_family("mintty"),
            Some('T') => self.add_family("tmux"),
            Some('U') => self.add_family("rxvt-unicode"),
            _ => {}
        }
    }

    /// Adds features that a terminal's own name (XTVERSION) shows.
    pub fn add_version(&mut self, version: &str) {
        let families = [
            ("iTerm2 ", "iTerm2"),
            ("tmux ", "tmux"),
            ("XTerm(", "XTerm"),
            ("mintty ", "mintty"),
            ("foot(", "foot"),
            ("WezTerm ", "WezTerm"),
            ("kitty(", "kitty"),
            ("ghostty ", "ghostty"),
        ];
        if let Some((_, family)) = families.iter().find(|(prefix, _)| version.starts_with(prefix)) {
            self.add_family(family);
        }
    }

    /// The capabilities of features that are in `self` and not in `known`, as overrides.
    pub(super) fn new_caps(self, known: Features) -> impl Iterator<Item = String> {
        let fresh = self.0 & !known.0;
        FEATURES.iter().enumerate().filter(move |(n, _)| fresh & (1 << n) != 0).flat_map(|(_, f)| {
            let mut caps: Vec<String> = f.caps.iter().map(|c| (*c).to_owned()).collect();
            if f.name == "ignorefkeys" {
                caps.extend((0..=LAST_FUNCTION_KEY).map(|n| format!("kf{n}@")));
            }
            caps
        })
    }
}

impl std::fmt::Display for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = FEATURES
            .iter()
            .enumerate()
            .filter(|(n, _)| self.0 & (1 << n) != 0)
            .map(|(_, feature)| feature.name)
            .collect();
        f.write_str(&names.join(","))
    }
}

/// Families of terminals and their features.
const FAMILIES: &[(&str, &str)] = &[
    (
        "mintty",
        "256,RGB,bpaste,clipboard,mouse,strikethrough,title,ccolour,cstyle,extkeys,margins,overline,usstyle",
    ),
    (
        "tmux",
        "256,RGB,bpaste,clipboard,mouse,strikethrough,title,ccolour,cstyle,extkeys,focus,overline,usstyle,\
         hyperlinks,progressbar",
    ),
    ("rxvt-unicode", "256,bpaste,ccolour,cstyle,mouse,title,ignorefkeys"),
    (
        "iTerm2",
        "256,RGB,bpaste,clipboard,mouse,strikethrough,title,cstyle,extkeys,margins,usstyle,sync,osc7,\
         hyperlinks,progressbar",
    ),
    (
        "foot",
        "256,RGB,bpaste,clipboard,mouse,strikethrough,title,ccolour,cstyle,extkeys,usstyle,sync,osc7,\
         hyperlinks",
    ),
    ("WezTerm", "256,RGB,bpaste,clipboard,mouse,strikethrough,title,ccolour,cstyle,extkeys,focus,usstyle"),
    // tmux does not know these two.
    ("kitty", "kittygraphics"),
    ("ghostty", "kittygraphics"),
    ("XTerm", "256,RGB,bpaste,clipboard,mouse,strikethrough,title,ccolour,cstyle,extkeys,focus"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_back_in_order() {
        let mut features = Features::default();
        features.add("title,rgb,256,Mouse,nonsense,sync", ",");
        assert_eq!(features.to_string(), "256,mouse,RGB,title");
        features.add("sync:bpaste", ":");
        assert_eq!(features.to_string(), "256,bpaste,mouse,RGB,sync,title");
        let mut removed = Features::default();
        features.change("title@:rgb:TITLE:sync@", ":", &mut removed);
        assert_eq!(
            (features.to_string(), removed.to_string()),
            ("256,bpaste,mouse,RGB".into(), "sync,title".into())
        );
        for (family, names) in FAMILIES {
            let mut features = Features::default();
            features.add_family(family);
            assert_eq!(features.0.count_ones() as usize, names.split(',').count(), "{family}");
        }
    }
}
