"""HTTP as every service serves it: bounds on connections and heads, then the key, then a body within bounds."""
