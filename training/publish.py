"""Upload a weights folder to the Hugging Face Hub."""

from pathlib import Path

from models.checkpoint import CARD_FILES, CheckpointError, load_weights

FILES = (*CARD_FILES, "README.md", "sample.png")


def publish(folder: Path, repo: str, *, private: bool = False) -> str:
    """Upload a weights folder as one folder of a Hub repository and return the commit's address.

    The token comes from `hf auth login` or HF_TOKEN. The folder is loaded first, so nothing broken is published.

    Raises:
        CheckpointError: weights that do not load or were not measured yet, or an upload that failed.
    """
    from huggingface_hub import HfApi

    folder = folder.resolve()
    weights = load_weights(folder)
    wanted = [name for name in FILES if name != "sample.png" or weights.kind != "classifier"]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing or "figures" not in weights.metrics:
        lack = ", ".join(missing) or "figures"
        raise CheckpointError(f"{folder.name} has no {lack} yet: run `evaluate --write` on it first.")
    api = HfApi()
    try:
        api.create_repo(repo, exist_ok=True, private=private)
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            path_in_repo=folder.name,
            allow_patterns=list(FILES),
            commit_message=f"Publish {folder.name}",
        )
    except Exception as error:  # the Hub's client and the network raise anything at all
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{repo} refused {folder.name}, or was not reached ({reason}); log in first.") from error
    return str(commit.commit_url)
