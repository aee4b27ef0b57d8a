package graph

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// nullFor tells of a variable that is null where a value is needed, in lists and objects too: validation lets a variable with a default be there,
// and null take the default's place. It is empty where there is none. The selection's size is bounded by now.
func nullFor(set ast.SelectionSet, variables map[string]any) string {
	for _, selection := range set {
		var inner ast.SelectionSet
		var directives ast.DirectiveList
		switch s := selection.(type) {
		case *ast.Field:
			if told := nullAmong(s.Arguments, s.Definition.Arguments, s.Name, variables); told != "" {
				return told
			}
			inner, directives = s.SelectionSet, s.Directives
		case *ast.InlineFragment:
			inner, directives = s.SelectionSet, s.Directives
		case *ast.FragmentSpread:
			inner, directives = s.Definition.SelectionSet, s.Directives
		}
		for _, directive := range directives {
			if told := nullAmong(directive.Arguments, directive.Definition.Arguments, "@"+directive.Name, variables); told != "" {
				return told
			}
		}
		if told := nullFor(inner, variables); told != "" {
			return told
		}
	}
	return ""
}

func nullAmong(arguments ast.ArgumentList, defined ast.ArgumentDefinitionList, of string, variables map[string]any) string {
	for _, argument := range arguments {
		definition := defined.ForName(argument.Name)
		if definition == nil {
			continue
		}
		if name := nullWithin(argument.Value, definition.Type, variables); name != "" {
			return fmt.Sprintf("The variable $%.100s is null, and %s needs a value for %s.", name, of, argument.Name)
		}
	}
	return ""
}

// nullWithin is the name of a variable that is null where a value needs one: it is the value, or is in its lists and
// objects. It is empty where there is none.
func nullWithin(value *ast.Value, expected *ast.Type, variables map[string]any) string {
	if value.Kind == ast.Variable {
		if is, given := variables[value.Raw]; given && is == nil && expected != nil && expected.NonNull {
			return value.Raw
		}
		return ""
	}
	for _, child := range value.Children {
		if name := nullWithin(child.Value, child.Value.ExpectedType, variables); name != "" {
			return name
		}
	}
	return ""
}
