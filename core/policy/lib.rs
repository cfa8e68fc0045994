//! The rules, pure: configuration, recipient access, routes, lists, the decision and its trail
