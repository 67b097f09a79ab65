import { load as fetch, Item } from './shop'

const taxed = { load: () => 1 }

export function total(items: Item[]): number {
  const one = fetch('😀'), two = /* 😀 */ fetch('b')
  const local = (item: Item) => item.price()
  return local(one) + two.price() + taxed.load()
}
