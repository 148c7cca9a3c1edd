// Texts with places to fill, as Python's str.format does for the few forms used: {name}, {name:.2f}, {name:.0%}.

/** Fill a text's places from `values`; a place without a value stays as it is. */
export function fill(text, values) {
  return text.replace(/\{(\w+)(?::\.(\d)(f|%))?\}/g, (place, name, digits, form) => {
    if (!(name in values)) return place;
    if (!form) return String(values[name]);
    const value = Number(values[name]);
    return form === "%" ? `${(value * 100).toFixed(digits)}%` : value.toFixed(digits);
  });
}
