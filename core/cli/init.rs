//! `postern init`: a starter configuration, never over one that is there.

use super::output::Output;
use super::trouble::Trouble;
use clap::Args;
use postern_engine::policy;
use postern_vocab::Domain;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What the configuration is called in its directory.
const FILE: &str = "postern.toml";

/// What the configuration is to say.
#[derive(Args, Debug)]
pub struct Wishes {
    /// Where postern.toml is written
    pub dir: PathBuf,
    /// The gateway's own name: mx.example.com
    #[arg(long)]
    pub hostname: Domain,
    /// The domain to take mail for: example.com
    #[arg(long)]
    pub domain: Domain,
    /// The mail server behind: 192.0.2.1:25
    #[arg(long, value_name = "HOST:PORT")]
    pub route: policy::Hop,
    /// Where mail is kept
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Writes it.
pub fn init(wishes: &Wishes, output: &mut Output) -> Result<ExitCode, Trouble> {
    let file = wishes.dir.join(FILE);
    let data_dir = wishes.data_dir.as_ref().map(|dir| dir.display().to_string());
    let (hostname, domain, route) = (&wishes.hostname, &wishes.domain, &wishes.route);
    let text = policy::starter(
        hostname.as_str(),
        domain.as_str(),
        &route.to_string(),
        data_dir.as_deref(),
    );
    policy::load(&text, &file.display().to_string()).map_err(Trouble::Configuration)?;
    write_new(&file, &text)?;
    output.line(format_args!(
        "wrote {}; next: postern check --config {}",
        file.display(),
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn write_new(file: &Path, text: &str) -> Result<(), Trouble> {
    let shown = file.display();
    let cannot = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Trouble::Said(format!(
            "{shown} is there already and was left as it is; name another directory or move it away"
        )),
        _ => Trouble::Io {
            what: format!("cannot write {shown}"),
            source,
        },
    };
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).map_err(cannot)?;
    }
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(cannot)?;
    created
        .write_all(text.as_bytes())
        .and_then(|()| created.sync_all())
        .map_err(cannot)
}
