"""Makes the static embedding model that is bundled with cogo. `README.md` beside this package tells how."""
