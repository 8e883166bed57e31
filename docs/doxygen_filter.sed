# What Doxygen sees of a public header (docs/Doxyfile): without what every movable type, range and iterator has, without
# the inline namespace, and with a comment behind a member as its documentation.
/^ +~?([a-z_]+)\(\1&&\)/d
/operator=\([a-z_]+&&\)/d
/using (value_type|difference_type) =/d
/[^a-z_](begin|end)\(\)/d
/operator(==|<=>|\*|->|\+\+|\[\])\(/d
s/namespace stele::inline v0/namespace stele/
s@^( .*[;,{}]|  +[a-z_]+)( +)// @\1\2///< @
/struct std::hash/,/^};/d
/^inline [a-z_]+ [a-z_]+::/,/^}/d
