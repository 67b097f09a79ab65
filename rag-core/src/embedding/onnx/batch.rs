//! Which texts go through the model together.

/// Rows of a batch: more than a few short ones do not help either.
const MOST_ROWS: usize = 8;
/// A row may be so much shorter than the longest of its batch; what is missing is padding, and padding is computed too.
const LEAST_FILL: f32 = 0.9;

/// Groups texts of similar length. `tokens` holds their lengths, a batch at most `budget` tokens with its padding (or one
/// text that is longer). Long texts come first, so that the workers end at about the same time.
pub(super) fn batches(tokens: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(tokens[text]));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for text in order {
        let fits = |batch: &&mut Vec<usize>| {
            let width = tokens[batch[0]];
            batch.len() < MOST_ROWS
                && (batch.len() + 1) * width <= budget
                && tokens[text] as f32 >= LEAST_FILL * width as f32
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => batch.push(text),
            None => batches.push(vec![text]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_in_one_batch_within_the_budget() {
        let tokens: Vec<usize> = (0..500).map(|i| 2 + (i * 7919) % 613).collect();
        let batches = batches(&tokens, 1024);
        let mut texts: Vec<usize> = batches.iter().flatten().copied().collect();
        texts.sort_unstable();
        assert_eq!(texts, (0..500).collect::<Vec<_>>());
        for batch in &batches {
            let width = batch.iter().map(|&text| tokens[text]).max().expect("a text");
            assert!(batch.len() * width <= 1024 && batch.len() <= MOST_ROWS, "{batch:?}");
        }
        let padded: usize = batches.iter().map(|batch| batch.len() * tokens[batch[0]]).sum();
        let real: usize = tokens.iter().sum();
        assert!(padded < real * 11 / 10, "{padded} for {real}");
    }

    #[test]
    fn a_text_beyond_the_budget_is_alone() {
        assert_eq!(batches(&[5, 9000, 5], 1000), [vec![1], vec![0, 2]]);
        assert!(batches(&[], 1000).is_empty());
    }
}
