"""The texts of the model fixtures, and the tokenizers they are read with. make_fixture.py is the script to run."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

# Taught to the tokenizers together with the files they are given, so that no script is unknown altogether.
MANY_SCRIPTS = """
사용자 인증 토큰을 갱신하는 함수는 어디에 있습니까? 설정 파일을 읽고 오류를 처리합니다.
검색 결과를 점수 순서로 정렬하고 중복된 문서를 제거합니다. 한국어 문장입니다.
設定ファイルを読み込んで、エラーを処理する関数です。検索結果を並べ替えます。
ユーザーの認証トークンを更新するコードはどこにありますか。日本語の文章です。
读取配置文件并处理错误的函数在哪里？搜索结果按分数排序，去除重复的文档。
用户认证令牌的更新代码。这是一个中文句子。
Où est la fonction qui lit le fichier de configuration ? Größe, Änderung, Überprüfung.
Функция читает файл настроек и обрабатывает ошибки. الدالة تقرأ ملف الإعدادات
😀 😂 🚀 🎉 👍 ❤️ 🔥 ✅ ❌ ⚠️ 🐛 🦀
"""

RUST = """/// Reads the settings from `path`; a missing file means the defaults.
pub fn load(path: &Path) -> Result<Settings, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(Error::read(path, error)),
    };
    toml::from_str(&text).map_err(|error| Error::parse(path, error))
}
"""
PYTHON = """def retry(action, times=3, wait=0.5):
    \"\"\"Calls `action` until it succeeds, at most `times` times.\"\"\"
    for attempt in range(times):
        try:
            return action()
        except OSError as error:
            if attempt + 1 == times:
                raise
            time.sleep(wait * 2 ** attempt)
"""
PROSE = (
    "An index is a folder of files that are written once. A reader opens a generation and keeps it: nobody sees half "
    "of anything, and a crash between two writes leaves the generation before it untouched."
)
NUMBERED = "line {} calls `next_{}()` and waits; "


def texts(long_enough: int, too_long: int) -> list[str]:
    """What the references are computed for. The two counts say how often the long texts repeat their line."""
    return [
        RUST,
        PYTHON,
        "SELECT id, name FROM users WHERE created_at > now() - interval '7 days' ORDER BY name LIMIT 10;",
        '{"version": 3, "names": ["alpha", "beta"], "ratio": 0.75, "nested": {"empty": [], "null": null}}',
        "for (size_t i = 0; i < n; ++i) { *out++ = (uint8_t)(in[i] ^ 0xFF); } /* invert */",
        PROSE,
        "where is the authentication token refreshed",
        "tokenizer",
        "x",
        "",
        " \t\n  \r\n ",
        "사용자 인증 토큰을 갱신하는 함수는 어디에 있습니까?",
        "設定ファイルを読み込む関数はどこですか。",
        "读取配置文件的函数在哪里？",
        "ship it 🚀🎉 crab 🦀 family 👨‍👩‍👧 flag 🇰🇷 heart ❤️",
        "Ünïcödé: ﬁne ligature, ＦＵＬＬ　ｗｉｄｔｈ, e\u0301 combining, ½, ①, ㎏, ™",
        "zero\u200bwidth, soft\u00adhyphen, no\u00a0break, bell\u0007, bom\ufeff, right\u200fto left",
        "a literal <s> and </s>, <pad>, <unk> and <mask> within a text",
        "<s>",
        "snake_case camelCase PascalCase kebab-case SCREAMING_CASE http://example.org/a/b?c=d#e 0x7fff 1e-9",
        "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd" * 8,
        "the the the the the the the the",
        "".join(NUMBERED.format(line, line * 7) for line in range(long_enough)),
        "".join(NUMBERED.format(line, line * 3) for line in range(too_long)),
    ]


def training_text(folders: list[Path]) -> str:
    """The Markdown and Rust files below the folders, in a fixed order, and a little of many scripts."""
    files = [
        path for folder in folders for pattern in ("*.md", "*.rs") for path in sorted(folder.rglob(pattern))
        if not any(part.startswith(".") or part == "target" for part in path.relative_to(folder).parts)
    ]
    if not files:
        sys.exit("error: no *.md or *.rs files below the folders given with --text\nhint: give a folder with a repository")
    content = "\n".join(path.read_text("utf-8", errors="replace") for path in files)
    return content.replace("\x01", " ")[:1_000_000] + MANY_SCRIPTS * 30


def unigram_tokenizer(text: str, size: int) -> Tokenizer:
    """A tokenizer like that of XLM-RoBERTa, from pieces that SentencePiece finds in the text."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "text")
        source.write_text(text, "utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(source), model_prefix=str(source), vocab_size=size - 2, model_type="unigram",
            normalization_rule_name="nmt_nfkc", character_coverage=0.9999, num_threads=1, minloglevel=2,
        )
        trained = sentencepiece_model_pb2.ModelProto()
        trained.ParseFromString(source.with_suffix(".model").read_bytes())
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(piece.piece, piece.score) for piece in trained.pieces[3:]]
    tokenizer = Tokenizer(models.Unigram([(s, 0.0) for s in special] + pieces + [("<mask>", 0.0)], 3))
    tokenizer.normalizer = normalizers.Precompiled(trained.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(s, normalized=False) for s in special])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def wordpiece_tokenizer(text: str, size: int) -> Tokenizer:
    """A tokenizer like that of BERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece())
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    # The trainer of the library breaks ties differently in every run. This vocabulary is plainer and always the same:
    # all characters, then the most frequent words and ends of words.
    words = Counter(
        word for line in text.splitlines()
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(line))
    )
    letters, pieces = Counter(), Counter()
    for word, times in words.items():
        letters.update({letter: times * word.count(letter) for letter in set(word)})
        pieces[word] += times
        pieces.update({"##" + word[-length:]: times for length in (2, 3, 4) if length < len(word)})
    alphabet = sorted(letter for letter, _ in letters.most_common(250))
    known = special + alphabet + ["##" + letter for letter in alphabet]
    ranked = sorted(pieces.items() - {(piece, pieces[piece]) for piece in known}, key=lambda p: (-p[1], p[0]))
    known += [piece for piece, _ in ranked[:size - len(known)]]
    tokenizer.model = models.WordPiece({piece: at for at, piece in enumerate(known)}, unk_token="[UNK]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer
