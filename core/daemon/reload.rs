//! Takes the configuration over while mail flows: everything is read first, and either all of it comes into force or
//! nothing does.

use super::equipment::{self, ReadAgain};
use crate::configuration;
use postern_engine::Shared;
use postern_engine::policy::Policy;
use std::path::Path;
use std::sync::Arc;

/// Swaps policy, certificates, keys and databases, or changes nothing and says why.
pub(super) fn reload(shared: &Shared, file: &Path) {
    match read(shared, file) {
        Ok((policy, equipment)) => {
            let (file, version) = (file.display(), &policy.version);
            eprintln!(
                "postern: version {version} of {file} is in force (listeners' addresses, directories, [dns], [directory] \
                 and [limits] connections: after a restart)"
            );
            equipment.put_in_force(shared);
            shared.policy.store(Arc::new(policy));
        }
        Err(errors) => eprintln!(
            "postern: the configuration in force is unchanged:\n{}",
            errors.join("\n")
        ),
    }
}

fn read(shared: &Shared, file: &Path) -> Result<(Policy, ReadAgain), Vec<String>> {
    let config = configuration::read(file)
        .map_err(|error| vec![format!("{}: {error}", file.display())])?
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let policy = config.policy.clone();
    Ok((policy, equipment::read_again(shared, config)?))
}
