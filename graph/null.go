package graph

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// nullFor tells of a variable that is null where a value is needed: validation lets a variable with a default be there,
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
		if definition == nil || !definition.Type.NonNull || argument.Value.Kind != ast.Variable {
			continue
		}
		if value, given := variables[argument.Value.Raw]; given && value == nil {
			return fmt.Sprintf("The variable $%.100s is null, and %s needs a value for %s.", argument.Value.Raw, of, argument.Name)
		}
	}
	return ""
}
