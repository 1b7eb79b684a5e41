//! The terminal capabilities that scopemux knows, by their terminfo names, in the order in which
//! `show-messages -T` numbers them.

/// The type of a capability's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CapKind {
    Text,
    Number,
    Flag,
}

/// A capability: an index into `CAPS`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cap(pub u16);

impl Cap {
    /// The capability with a terminfo name.
    pub fn by_name(name: &str) -> Option<Cap> {
        CAPS.iter().position(|(known, _)| *known == name).map(|n| Cap(n as u16))
    }

    pub fn name(self) -> &'static str {
        CAPS[self.0 as usize].0
    }

    /// True if tmux does not know it.
    pub fn is_ours(self) -> bool {
        self.0 >= FIRST_OF_OURS
    }

    pub fn kind(self) -> CapKind {
        CAPS[self.0 as usize].1
    }

    /// All capabilities in order.
    pub fn all() -> impl Iterator<Item = Cap> {
        (0..CAPS.len() as u16).map(Cap)
    }
}

/// The index of a name, at compile time.
const fn cap(name: &str) -> Cap {
    let mut n = 0;
    while n < CAPS.len() {
        let (known, name) = (CAPS[n].0.as_bytes(), name.as_bytes());
        let mut same = known.len() == name.len();
        let mut i = 0;
        while same && i < name.len() {
            same = known[i] == name[i];
            i += 1;
        }
        if same {
            return Cap(n as u16);
        }
        n += 1;
    }
    panic!("no such capability")
}

/// Capabilities used for drawing (the others are for keys; see `keys::table`).
impl Cap {
    pub const ACSC: Cap = cap("acsc");
    pub const AM: Cap = cap("am");
    pub const AX: Cap = cap("AX");
    pub const BCE: Cap = cap("bce");
    pub const BEL: Cap = cap("bel");
    pub const BIDI: Cap = cap("Bidi");
    pub const BLINK: Cap = cap("blink");
    pub const BOLD: Cap = cap("bold");
    pub const CIVIS: Cap = cap("civis");
    pub const CLEAR: Cap = cap("clear");
    pub const CLMG: Cap = cap("Clmg");
    pub const CMG: Cap = cap("Cmg");
    pub const CNORM: Cap = cap("cnorm");
    pub const COLORS: Cap = cap("colors");
    pub const CR: Cap = cap("Cr");
    pub const CSR: Cap = cap("csr");
    pub const CS: Cap = cap("Cs");
    pub const CUB1: Cap = cap("cub1");
    pub const CUB: Cap = cap("cub");
    pub const CUD1: Cap = cap("cud1");
    pub const CUD: Cap = cap("cud");
    pub const CUF1: Cap = cap("cuf1");
    pub const CUF: Cap = cap("cuf");
    pub const CUP: Cap = cap("cup");
    pub const CUU1: Cap = cap("cuu1");
    pub const CUU: Cap = cap("cuu");
    pub const CVVIS: Cap = cap("cvvis");
    pub const DCH1: Cap = cap("dch1");
    pub const DCH: Cap = cap("dch");
    pub const DIM: Cap = cap("dim");
    pub const DL1: Cap = cap("dl1");
    pub const DL: Cap = cap("dl");
    pub const DSEKS: Cap = cap("Dseks");
    pub const DSKK: Cap = cap("Dskk");
    pub const DSFCS: Cap = cap("Dsfcs");
    pub const DSBP: Cap = cap("Dsbp");
    pub const DSMG: Cap = cap("Dsmg");
    pub const E3: Cap = cap("E3");
    pub const ECH: Cap = cap("ech");
    pub const ED: Cap = cap("ed");
    pub const EL1: Cap = cap("el1");
    pub const EL: Cap = cap("el");
    pub const ENACS: Cap = cap("enacs");
    pub const ENBP: Cap = cap("Enbp");
    pub const ENEKS: Cap = cap("Eneks");
    pub const ENKK: Cap = cap("Enkk");
    pub const ENFCS: Cap = cap("Enfcs");
    pub const ENMG: Cap = cap("Enmg");
    pub const FSL: Cap = cap("fsl");
    pub const HLS: Cap = cap("Hls");
    pub const HOME: Cap = cap("home");
    pub const HPA: Cap = cap("hpa");
    pub const ICH1: Cap = cap("ich1");
    pub const ICH: Cap = cap("ich");
    pub const IL1: Cap = cap("il1");
    pub const IL: Cap = cap("il");
    pub const INDN: Cap = cap("indn");
    pub const INVIS: Cap = cap("invis");
    pub const KMOUS: Cap = cap("kmous");
    pub const MS: Cap = cap("Ms");
    pub const NOBR: Cap = cap("Nobr");
    pub const OL: Cap = cap("ol");
    pub const OP: Cap = cap("op");
    pub const RECT: Cap = cap("Rect");
    pub const REV: Cap = cap("rev");
    pub const RGB: Cap = cap("RGB");
    pub const RIN: Cap = cap("rin");
    pub const RI: Cap = cap("ri");
    pub const RMACS: Cap = cap("rmacs");
    pub const RMCUP: Cap = cap("rmcup");
    pub const RMKX: Cap = cap("rmkx");
    pub const SETAB: Cap = cap("setab");
    pub const SETAF: Cap = cap("setaf");
    pub const SETAL: Cap = cap("setal");
    pub const SETRGBB: Cap = cap("setrgbb");
    pub const SETRGBF: Cap = cap("setrgbf");
    pub const SETULC: Cap = cap("Setulc");
    pub const SETULC1: Cap = cap("Setulc1");
    pub const SE: Cap = cap("Se");
    pub const SXL: Cap = cap("Sxl");
    pub const SGR0: Cap = cap("sgr0");
    pub const SITM: Cap = cap("sitm");
    pub const SMACS: Cap = cap("smacs");
    pub const SMCUP: Cap = cap("smcup");
    pub const SMKX: Cap = cap("smkx");
    pub const SMOL: Cap = cap("Smol");
    pub const SMSO: Cap = cap("smso");
    pub const SMULX: Cap = cap("Smulx");
    pub const SMUL: Cap = cap("smul");
    pub const SMXX: Cap = cap("smxx");
    pub const SPB: Cap = cap("Spb");
    pub const SS: Cap = cap("Ss");
    pub const SWD: Cap = cap("Swd");
    pub const SYNC: Cap = cap("Sync");
    pub const TC: Cap = cap("Tc");
    pub const TSL: Cap = cap("tsl");
    pub const U8: Cap = cap("U8");
    pub const VPA: Cap = cap("vpa");
    pub const XT: Cap = cap("XT");
}

use CapKind::{Flag, Number, Text};

/// Every capability: name and type.
#[rustfmt::skip]
pub(crate) const CAPS: &[(&str, CapKind)] = &[
    ("acsc", Text), ("am", Flag), ("AX", Flag), ("bce", Flag), ("bel", Text), ("Bidi", Text),
    ("blink", Text), ("bold", Text), ("civis", Text), ("clear", Text), ("Clmg", Text),
    ("Cmg", Text), ("cnorm", Text), ("colors", Number), ("Cr", Text), ("Cs", Text), ("csr", Text),
    ("cub", Text), ("cub1", Text), ("cud", Text), ("cud1", Text), ("cuf", Text), ("cuf1", Text),
    ("cup", Text), ("cuu", Text), ("cuu1", Text), ("cvvis", Text), ("dch", Text), ("dch1", Text),
    ("dim", Text), ("dl", Text), ("dl1", Text), ("Dsbp", Text), ("Dseks", Text), ("Dsfcs", Text),
    ("Dsmg", Text), ("E3", Text), ("ech", Text), ("ed", Text), ("el", Text), ("el1", Text),
    ("enacs", Text), ("Enbp", Text), ("Eneks", Text), ("Enfcs", Text), ("Enmg", Text),
    ("fsl", Text), ("Hls", Text), ("home", Text), ("hpa", Text), ("ich", Text), ("ich1", Text),
    ("il", Text), ("il1", Text), ("indn", Text), ("invis", Text), ("kcbt", Text), ("kcub1", Text),
    ("kcud1", Text), ("kcuf1", Text), ("kcuu1", Text), ("kDC", Text), ("kDC3", Text),
    ("kDC4", Text), ("kDC5", Text), ("kDC6", Text), ("kDC7", Text), ("kdch1", Text), ("kDN", Text),
    ("kDN3", Text), ("kDN4", Text), ("kDN5", Text), ("kDN6", Text), ("kDN7", Text), ("kend", Text),
    ("kEND", Text), ("kEND3", Text), ("kEND4", Text), ("kEND5", Text), ("kEND6", Text),
    ("kEND7", Text), ("kf1", Text), ("kf10", Text), ("kf11", Text), ("kf12", Text), ("kf13", Text),
    ("kf14", Text), ("kf15", Text), ("kf16", Text), ("kf17", Text), ("kf18", Text), ("kf19", Text),
    ("kf2", Text), ("kf20", Text), ("kf21", Text), ("kf22", Text), ("kf23", Text), ("kf24", Text),
    ("kf25", Text), ("kf26", Text), ("kf27", Text), ("kf28", Text), ("kf29", Text), ("kf3", Text),
    ("kf30", Text), ("kf31", Text), ("kf32", Text), ("kf33", Text), ("kf34", Text), ("kf35", Text),
    ("kf36", Text), ("kf37", Text), ("kf38", Text), ("kf39", Text), ("kf4", Text), ("kf40", Text),
    ("kf41", Text), ("kf42", Text), ("kf43", Text), ("kf44", Text), ("kf45", Text), ("kf46", Text),
    ("kf47", Text), ("kf48", Text), ("kf49", Text), ("kf5", Text), ("kf50", Text), ("kf51", Text),
    ("kf52", Text), ("kf53", Text), ("kf54", Text), ("kf55", Text), ("kf56", Text), ("kf57", Text),
    ("kf58", Text), ("kf59", Text), ("kf6", Text), ("kf60", Text), ("kf61", Text), ("kf62", Text),
    ("kf63", Text), ("kf7", Text), ("kf8", Text), ("kf9", Text), ("kHOM", Text), ("kHOM3", Text),
    ("kHOM4", Text), ("kHOM5", Text), ("kHOM6", Text), ("kHOM7", Text), ("khome", Text),
    ("kIC", Text), ("kIC3", Text), ("kIC4", Text), ("kIC5", Text), ("kIC6", Text), ("kIC7", Text),
    ("kich1", Text), ("kind", Text), ("kLFT", Text), ("kLFT3", Text), ("kLFT4", Text),
    ("kLFT5", Text), ("kLFT6", Text), ("kLFT7", Text), ("kmous", Text), ("knp", Text),
    ("kNXT", Text), ("kNXT3", Text), ("kNXT4", Text), ("kNXT5", Text), ("kNXT6", Text),
    ("kNXT7", Text), ("kpp", Text), ("kPRV", Text), ("kPRV3", Text), ("kPRV4", Text),
    ("kPRV5", Text), ("kPRV6", Text), ("kPRV7", Text), ("kri", Text), ("kRIT", Text),
    ("kRIT3", Text), ("kRIT4", Text), ("kRIT5", Text), ("kRIT6", Text), ("kRIT7", Text),
    ("kUP", Text), ("kUP3", Text), ("kUP4", Text), ("kUP5", Text), ("kUP6", Text), ("kUP7", Text),
    ("Ms", Text), ("Nobr", Text), ("ol", Text), ("op", Text), ("Rect", Text), ("rev", Text),
    ("RGB", Flag), ("ri", Text), ("rin", Text), ("rmacs", Text), ("rmcup", Text), ("rmkx", Text),
    ("Se", Text), ("setab", Text), ("setaf", Text), ("setal", Text), ("setrgbb", Text),
    ("setrgbf", Text), ("Setulc", Text), ("Setulc1", Text), ("sgr0", Text), ("sitm", Text),
    ("smacs", Text), ("smcup", Text), ("smkx", Text), ("Smol", Text), ("smso", Text),
    ("smul", Text), ("Smulx", Text), ("smxx", Text), ("Spb", Text), ("Sxl", Flag), ("Ss", Text),
    ("Swd", Text), ("Sync", Text), ("Tc", Flag), ("tsl", Text), ("U8", Number), ("vpa", Text),
    ("XT", Flag),
    // Only in scopemux, after all of tmux's: enabling kitty's keyboard protocol with flags, and disabling
    // it.
    ("Enkk", Text), ("Dskk", Text),
];

/// The capabilities from here on are scopemux's: they are listed only for terminals that have them.
const FIRST_OF_OURS: u16 = cap("Enkk").0;
