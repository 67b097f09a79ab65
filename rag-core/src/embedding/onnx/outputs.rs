//! Which output of a graph is which: exports of the same model differ in names, shapes and order.

/// Indexes of the outputs that are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    /// One vector per text.
    pub dense: Option<usize>,
    /// One weight per token.
    pub sparse: Option<usize>,
    /// One vector per token, to compare one by one.
    pub late: Option<usize>,
    /// One vector per token, to pool; only if there is no dense one.
    pub hidden: Option<usize>,
}

const DENSE: [&str; 4] = ["dense_vecs", "dense_embeddings", "dense", "sentence_embedding"];
const SPARSE: [&str; 4] = ["sparse_vecs", "sparse_weights", "sparse", "token_weights"];
const LATE: [&str; 4] = ["colbert_vecs", "colbert_vectors", "colbert_embeddings", "colbert"];
const HIDDEN: [&str; 3] = ["last_hidden_state", "token_embeddings", "hidden_states"];
/// Outputs that are no embeddings: a layer that was trained for another task.
const IGNORED: [&str; 2] = ["pooler_output", "logits"];

impl Outputs {
    /// Recognises outputs by name, or else by shape (−1 where it varies), or else by position.
    ///
    /// # Errors
    /// If no vector of a text can be had; says what there is.
    pub(super) fn recognise(outputs: &[(String, Vec<i64>)]) -> Result<Self, String> {
        let named = |names: &[&str]| outputs.iter().position(|(name, _)| names.contains(&name.as_str()));
        let mut found =
            Outputs { dense: named(&DENSE), sparse: named(&SPARSE), late: named(&LATE), hidden: named(&HIDDEN) };
        let is_known = |index| [found.dense, found.sparse, found.late, found.hidden].contains(&Some(index));
        let unknown: Vec<usize> = (0..outputs.len())
            .filter(|&index| !is_known(index) && !IGNORED.contains(&outputs[index].0.as_str()))
            .collect();
        for index in unknown {
            let slot = match outputs[index].1[..] {
                [_, length] if length > 1 => &mut found.dense,
                [_, _] | [_, _, 1] => &mut found.sparse,
                [_, _, _] if found.dense.is_some() && found.sparse.is_some() => &mut found.late,
                [_, _, _] => &mut found.hidden,
                _ => continue,
            };
            slot.get_or_insert(index);
        }
        if found.dense.is_some() {
            found.hidden = None;
        }
        if found.dense.or(found.hidden).is_none() {
            let list: Vec<String> = outputs.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
            return Err(format!(
                "expected an output with one vector per text (such as `dense_vecs`) or per token (`last_hidden_state`), found {}",
                list.join(", ")
            ));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(outputs: &[(&str, &[i64])]) -> Result<[Option<usize>; 4], String> {
        let outputs: Vec<_> = outputs.iter().map(|(name, shape)| (name.to_string(), shape.to_vec())).collect();
        Outputs::recognise(&outputs).map(|found| [found.dense, found.sparse, found.late, found.hidden])
    }

    #[test]
    fn by_name_in_any_order() {
        let found =
            recognise(&[("colbert_vecs", &[-1, -1, 8]), ("dense_vecs", &[-1, 8]), ("sparse_vecs", &[-1, -1, 1])]);
        assert_eq!(found, Ok([Some(1), Some(2), Some(0), None]));
        let found = recognise(&[("token_embeddings", &[-1, -1, 8]), ("sentence_embedding", &[-1, 8])]);
        assert_eq!(found, Ok([Some(1), None, None, None]));
        let found = recognise(&[("last_hidden_state", &[-1, -1, 8]), ("pooler_output", &[-1, 8])]);
        assert_eq!(found, Ok([None, None, None, Some(0)]));
    }

    #[test]
    fn by_shape() {
        let found = recognise(&[("output_0", &[-1, 8]), ("output_1", &[-1, -1, 1]), ("output_2", &[-1, -1, 8])]);
        assert_eq!(found, Ok([Some(0), Some(1), Some(2), None]));
        assert_eq!(recognise(&[("x", &[-1, -1, 8])]), Ok([None, None, None, Some(0)]));
        let error = recognise(&[("logits", &[-1, 2])]).expect_err("a classifier");
        assert!(error.contains("logits [-1, 2]"), "{error}");
    }
}
