//! `key`: the file that the hub's signing keys are encrypted with.

use super::{
    args::{KeyNewArgs, KeyRotateArgs},
    print, start,
};
use serde_json::json;
use wellread_hub::auth::keys::{Keys, Seal};

pub(super) fn new(args: &KeyNewArgs, json: bool) -> anyhow::Result<()> {
    let made = Seal::make(&args.file)?;
    let file = args.file.display();
    print::either(json, &json!({ "file": args.file, "seal": made.id() }), || {
        format!(
            "{file} holds key {}. Give it to every node (WELLREAD_HUB_KEY_FILE), and keep a copy where no backup of the \
             database is: whoever has both can sign.",
            made.id()
        )
    })
}

pub(super) async fn rotate(args: &KeyRotateArgs, json: bool) -> anyhow::Result<()> {
    let seal = args.key_file.as_deref().map(Seal::read).transpose()?;
    let hub = start::hub(&args.database).await?;
    Keys::replace(&hub.db, seal.as_ref()).await?;
    let id = seal.as_ref().map(Seal::id);
    print::either(json, &json!({ "seal": id }), || {
        let how = id.map_or_else(
            || "IN CLEAR: no WELLREAD_HUB_KEY_FILE was given".to_owned(),
            |id| format!("sealed with key file {id}: restart the nodes with it within a day"),
        );
        format!("a new key signs from now on, {how}. Tokens signed before stay good.")
    })
}
