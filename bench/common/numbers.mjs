// What samples come to.

export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** With so many digits behind the point. */
export function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

/** The smallest value that so many of them do not exceed. @param part 0.99 for p99 */
export function percentile(values, part) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}
