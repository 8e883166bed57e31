# What Doxygen sees of a public header (docs/Doxyfile): what every movable type, range and iterator has is documented in
# one word, the inline namespace and our insides are left out, and a comment behind a member is its documentation.
/struct std::hash/,/^};/d
/^inline [a-z_]+ [a-z_]+::/,/^}/d
s/namespace stele::inline v0/namespace stele/
s@^( .*[;,{}]|  +[a-z_]+)( +)// @\1\2///< @
s@^( +)(~?([a-z_]+)\(\3&&.*|.*operator=\([a-z_]+&&.*)$@\1/** Moves. */ \2@
s@^( +)(using (value_type|difference_type) =.*)$@\1/** For ranges. */ \2@
s@^( +)(.*[^a-z_](begin|end)\(\).*)$@\1/** For ranges. */ \2@
s@^( +)(.*operator(==|<=>|\*|->|\+\+|\[\])\(.*)$@\1/** As usual. */ \2@
